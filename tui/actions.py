"""Everything a key can do, one record each: bindings, footer, help and palette are made from this table alone.

A record says what an action is and on which screens it is; the screen that carries it out has a method
``action_<id>``. Keys keep the meanings people arrive with (tui-patterns.md section 3.1). No dangerous action has
priority: a binding with priority would fire under a dialog and while somebody types (section 7.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from core.api.model import EventView, RunnerState, RunnerView, ScaleSetView
from core.api.trouble import MismatchView, PlacementView, Remedy
from tui.internals import SessionRow
from tui.keys import written
from tui.looks import ENDED
from tui.story import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Group(StrEnum):
    """Where an action belongs in the help."""

    ROW = "This row"
    LIST = "This list"
    MOVE = "Moving"
    EVERYWHERE = "Everywhere"


class Place(StrEnum):
    """A kind of screen; a key means one thing in each."""

    MAIN = "main"
    DETAIL = "detail"
    HISTORY = "history"
    INTERNALS = "internals"  #: mismatches, sessions, placements


EVERY_PLACE: Final = frozenset(Place)
_MAIN: Final = frozenset({Place.MAIN})
_DETAIL: Final = frozenset({Place.DETAIL})
_HISTORY: Final = frozenset({Place.HISTORY})
_INTERNALS: Final = frozenset({Place.INTERNALS})
_LISTS: Final = _MAIN | _HISTORY | _INTERNALS
_ACTING: Final = _MAIN | _DETAIL | _INTERNALS
#: Lists whose rows can be marked.
_MARKING: Final = _MAIN | _INTERNALS


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does."""

    id: str  #: the method ``action_<id>``, and the name in a keymap
    keys: tuple[str, ...]  #: as Textual names them; the first one is shown; without any it is in the palette alone
    label: str  #: for the footer, a word or two; the palette begins with it
    help: str  #: for the help, half a sentence
    group: Group
    dangerous: bool = False  #: changes something outside the screen: needs an unlocked one
    asks: bool = False  #: cannot be taken back, so there is a question first
    needs_connection: bool = False
    applies: Callable[[object], bool] = lambda _: True  #: whether it makes sense for the selected row (None = none)
    suits: str = ""  #: to what it applies, in words, for whoever looks for it elsewhere
    rank: int | None = None  #: place in the footer, low first; None = only in the help
    places: frozenset[Place] = EVERY_PLACE

    @property
    def key(self) -> str:
        """The first key as people write it; empty for one that only the palette has."""
        return written(self.keys[0]) if self.keys else ""

    @property
    def all_keys(self) -> str:
        """All keys as people write them."""
        return " ".join(dict.fromkeys(written(key) for key in self.keys))


def _is_there(row: object) -> bool:
    return row is not None


def _can_open(row: object) -> bool:
    return isinstance(row, ScaleSetView | RunnerView | MismatchView) or bool(_runner_of(row))


def _runner_of(row: object) -> str:
    """The runner that an event or a record is about; empty when it is about none."""
    match row:
        case EventView():
            return row.runner
        case Entry():
            return row.record.runner
        case _:
            return ""


def _is_runner(row: object) -> bool:
    return isinstance(row, RunnerView)


def _can_stop(row: object) -> bool:
    if isinstance(row, MismatchView):
        return row.remedy is Remedy.STOP
    return isinstance(row, RunnerView) and row.state not in ENDED | {RunnerState.RESERVED, RunnerState.STOPPING}


def _can_deregister(row: object) -> bool:
    return isinstance(row, RunnerView) or (isinstance(row, MismatchView) and row.remedy is Remedy.DEREGISTER)


def _can_hold(row: object) -> bool:
    return isinstance(row, RunnerView) and row.state not in ENDED | {RunnerState.DRAINING, RunnerState.STOPPING}


def _has_set(row: object) -> bool:
    return isinstance(row, ScaleSetView | RunnerView | SessionRow) or (
        isinstance(row, PlacementView) and bool(row.waiting)
    )


#: An action on the selected row that changes something at AWS or GitHub.
_row = partial(Action, group=Group.ROW, dangerous=True, needs_connection=True, places=_ACTING)
#: What is done once in a while, and has no key that a finger could slip to.
_rare = partial(Action, keys=(), group=Group.EVERYWHERE, dangerous=True, needs_connection=True, places=_MAIN)
_A_RUNNER: Final = "for a runner"
_A_SET: Final = "for a scale set or a runner of it"

ACTIONS: Final = (
    Action(
        "open",
        ("enter",),
        "open",
        "a runner, a set's runners",
        Group.ROW,
        applies=_can_open,
        suits="for a runner or a scale set",
        rank=10,
        places=_LISTS,
    ),
    Action(
        "logs",
        ("l",),
        "log",
        "what it prints",
        Group.ROW,
        applies=_is_runner,
        suits=_A_RUNNER,
        rank=13,
        places=_MAIN | _DETAIL,
    ),
    _row("stop", ("x",), "stop", "stop its task", asks=True, applies=_can_stop, suits="for a running task", rank=11),
    _row(
        "deregister",
        ("D",),
        "deregister",
        "remove from GitHub",
        asks=True,
        applies=_can_deregister,
        suits="for a runner or a ghost",
        rank=27,
    ),
    _row(
        "hold",
        ("H",),
        "hold",
        "exempt for an hour",
        asks=True,
        applies=_can_hold,
        suits="for a live runner",
        rank=44,
    ),
    _row("pause", ("p",), "pause", "start nothing, or again", applies=_has_set, suits=_A_SET, rank=12),
    _row("drain", ("P",), "drain", "idle ones go, too", asks=True, applies=_has_set, suits=_A_SET, rank=26),
    _row("retry", ("r",), "retry", "no backoff, try now", applies=_has_set, suits=_A_SET, rank=25),
    Action(
        "copy",
        ("c",),
        "copy",
        "its WHY to your clipboard",
        Group.ROW,
        applies=_is_there,
        suits="for a row",
        rank=42,
    ),
    Action("find", ("slash",), "find", "a text in the log", Group.LIST, rank=8, places=_DETAIL),
    Action("next_hit", ("n",), "next", "next line with it", Group.LIST, rank=9, places=_DETAIL),
    Action("previous_hit", ("N",), "before", "the line before with it", Group.LIST, places=_DETAIL),
    Action("follow", ("f",), "follow", "stay at the newest line", Group.LIST, rank=9, places=_DETAIL),
    Action(
        "mark",
        ("space",),
        "mark",
        "act on all marked at once",
        Group.LIST,
        rank=29,
        applies=_is_there,
        suits="for a row",
        places=_MARKING,
    ),
    Action("mark_range", ("ctrl+@", "ctrl+space"), "mark to here", "from the last mark", Group.LIST, places=_MARKING),
    Action("mark_all", ("A",), "mark all", "all shown, or none", Group.LIST, rank=28, places=_MARKING),
    Action("unmark", ("ctrl+backslash",), "unmark", "no marks", Group.LIST, places=_MARKING),
    Action("filter", ("slash",), "filter", "rows that hold a text", Group.LIST, rank=20, places=_LISTS),
    Action("sort", ("s",), "sort", "by a column, one letter", Group.LIST, rank=41, places=_LISTS),
    Action("turn", ("S",), "turn", "sorted the other way", Group.LIST, places=_LISTS),
    Action("problems", ("exclamation_mark",), "problems", "only what needs a look", Group.LIST, rank=21, places=_LISTS),
    Action("back", ("escape",), "back", "undo one thing, then back", Group.LIST, rank=7),
    Action("freeze", ("z",), "freeze", "hold the picture still", Group.LIST, rank=43, places=_MAIN),
    Action("cursor_up", ("up", "k"), "up", "one row up", Group.MOVE),
    Action("cursor_down", ("down", "j"), "down", "one row down", Group.MOVE),
    Action("page_up", ("pageup",), "page up", "one page up", Group.MOVE),
    Action("page_down", ("pagedown",), "page down", "one page down", Group.MOVE),
    Action("first_row", ("home",), "first", "first row", Group.MOVE),
    Action("last_row", ("end",), "last", "last row", Group.MOVE),
    Action("pan_left", ("left",), "left", "long lines, left", Group.MOVE, places=_DETAIL),
    Action("pan_right", ("right",), "right", "long lines, right", Group.MOVE, places=_DETAIL),
    Action("show_sets", ("1",), "sets", "scale sets", Group.EVERYWHERE, places=_MAIN),
    Action("show_runners", ("2",), "runners", "runners", Group.EVERYWHERE, places=_MAIN),
    Action("show_events", ("3",), "newest events", "newest events", Group.EVERYWHERE, places=_MAIN),
    Action("show_log", ("3",), "log", "what it prints", Group.EVERYWHERE, places=_DETAIL),
    Action("show_facts", ("1",), "facts", "facts and timeline", Group.EVERYWHERE, places=_DETAIL),
    Action("show_story", ("2",), "events", "what happened to it", Group.EVERYWHERE, places=_DETAIL),
    Action("next_part", ("tab",), "next part", "facts, events, log", Group.EVERYWHERE, places=_DETAIL),
    Action("previous_part", ("shift+tab",), "part before", "log, events, facts", Group.EVERYWHERE, places=_DETAIL),
    Action("history", ("e",), "events", "the journal: who did what", Group.EVERYWHERE, rank=22, places=_MAIN),
    Action("ended", ("E",), "ended", "ended tasks, exit codes", Group.EVERYWHERE, rank=28, places=_MAIN),
    Action("internals", ("m",), "mismatches", "ghosts, sessions, places", Group.EVERYWHERE, rank=31, places=_MAIN),
    Action("view_mismatches", ("1",), "mismatches", "who disagrees about what", Group.EVERYWHERE, places=_INTERNALS),
    Action("view_sessions", ("2",), "sessions", "who listens, since when", Group.EVERYWHERE, places=_INTERNALS),
    Action("view_placements", ("3",), "placements", "where there is no room", Group.EVERYWHERE, places=_INTERNALS),
    Action("view_all", ("1",), "all events", "everything", Group.EVERYWHERE, places=_HISTORY),
    Action("view_stops", ("2",), "stops", "what was stopped, by whom", Group.EVERYWHERE, places=_HISTORY),
    Action("view_commands", ("3",), "commands", "what people asked for", Group.EVERYWHERE, places=_HISTORY),
    Action("view_ended", ("4",), "ended tasks", "exit codes and reasons", Group.EVERYWHERE, places=_HISTORY),
    Action("span", ("t",), "further back", "an hour, a day, 7, 14", Group.LIST, rank=19, places=_HISTORY),
    Action("next_panel", ("tab",), "next panel", "next panel", Group.EVERYWHERE, places=_LISTS),
    Action("previous_panel", ("shift+tab",), "previous panel", "panel before", Group.EVERYWHERE, places=_LISTS),
    Action(
        "sweep",
        ("W",),
        "sweep",
        "read ECS, reap now",
        Group.EVERYWHERE,
        dangerous=True,
        asks=True,
        needs_connection=True,
        rank=30,
        places=_MAIN,
    ),
    _rare("reload", label="reload", help="read the configuration now"),
    _rare("agree", label="agree", help="a removal that waits may go", asks=True),
    _rare("adopt", label="adopt", help="take over what is nobody's", asks=True, applies=_has_set, suits=_A_SET),
    _rare("recreate", label="recreate", help="cures counters that stick", asks=True, applies=_has_set, suits=_A_SET),
    _rare("shutdown", label="shutdown", help="stop the controller itself", asks=True),
    Action(
        "unlock",
        ("u",),
        "unlock",
        "commands for 5 minutes",
        Group.EVERYWHERE,
        needs_connection=True,
        rank=24,
        places=_ACTING,
    ),
    Action("refresh", ("ctrl+r",), "now", "connect or sort now", Group.EVERYWHERE, rank=5),
    Action("palette", ("colon",), "all", "everything, by its name", Group.EVERYWHERE, rank=23),
    Action("picture", ("C",), "picture", "keep the screen as SVG", Group.EVERYWHERE),
    Action("theme", ("T",), "theme", "try another look", Group.EVERYWHERE),
    Action("help", ("question_mark",), "help", "this page", Group.EVERYWHERE, rank=90),
    Action("leave", ("q",), "leave", "leave; the daemon goes on", Group.EVERYWHERE, rank=91),
)

BY_ID: Final = {action.id: action for action in ACTIONS}


def of(place: Place) -> tuple[Action, ...]:
    """The actions of a kind of screen, in the order of the help."""
    return tuple(action for action in ACTIONS if place in action.places)


def bindings(
    groups: Iterable[Group], actions: Iterable[Action] = ACTIONS
) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual's bindings for the actions of these groups; all of them give way to what has the focus.

    One without a key has one that nobody can press: Textual gives chosen keys only to what is bound.
    """
    wanted = set(groups)
    return [
        Binding(",".join(action.keys) or f"no-key-{action.id}", action.id, action.label, show=False, id=action.id)
        for action in actions
        if action.group in wanted
    ]


def footer(allowed: Iterable[Action]) -> tuple[Action, ...]:
    """Those of the allowed actions that belong in the footer, the most useful first."""
    return tuple(sorted((action for action in allowed if action.rank is not None), key=lambda action: action.rank or 0))
