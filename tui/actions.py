"""Everything a key can do, one record each: bindings, footer and help are made from this table and from nothing else.

A record says what an action is; the screen that carries it out has a method ``action_<id>``. Keys keep the meanings
people arrive with (tui-patterns.md section 3.1). No dangerous action has priority: a binding with priority would fire
under a dialog and while somebody types (section 7.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from core.api.model import RunnerState, RunnerView, ScaleSetView
from tui.looks import ENDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Group(StrEnum):
    """Where an action belongs in the help."""

    ROW = "This row"
    LIST = "This list"
    MOVE = "Moving"
    EVERYWHERE = "Everywhere"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does."""

    id: str  #: the method ``action_<id>``, and the name in a keymap
    keys: tuple[str, ...]  #: as Textual names them; the first one is shown
    label: str  #: for the footer, a word or two
    help: str  #: for the help, half a sentence
    group: Group
    dangerous: bool = False  #: changes something outside the screen; asks first
    needs_connection: bool = False
    applies: Callable[[object], bool] = lambda _: True  #: whether it makes sense for the selected row (None = none)
    rank: int | None = None  #: place in the footer, low first; None = only in the help

    @property
    def key(self) -> str:
        """The first key as people write it."""
        return _WRITTEN.get(self.keys[0], self.keys[0])

    @property
    def all_keys(self) -> str:
        """All keys as people write them."""
        return " ".join(_WRITTEN.get(key, key) for key in self.keys)


_WRITTEN: Final = {
    "question_mark": "?",
    "slash": "/",
    "exclamation_mark": "!",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
}


def _is_there(row: object) -> bool:
    return row is not None


def _is_scale_set(row: object) -> bool:
    return isinstance(row, ScaleSetView)


def _is_runner(row: object) -> bool:
    return isinstance(row, RunnerView)


def _can_stop(row: object) -> bool:
    return isinstance(row, RunnerView) and row.state not in ENDED | {RunnerState.RESERVED, RunnerState.STOPPING}


ACTIONS: Final = (
    Action("open", ("enter",), "open", "only this set's runners", Group.ROW, applies=_is_scale_set, rank=10),
    Action(
        "stop",
        ("x",),
        "stop",
        "stop its task",
        Group.ROW,
        dangerous=True,
        needs_connection=True,
        applies=_can_stop,
        rank=11,
    ),
    Action(
        "deregister",
        ("D",),
        "deregister",
        "remove from GitHub",
        Group.ROW,
        dangerous=True,
        needs_connection=True,
        applies=_is_runner,
        rank=12,
    ),
    Action("copy", ("c",), "copy", "its WHY to your clipboard", Group.ROW, applies=_is_there, rank=31),
    Action("filter", ("slash",), "filter", "rows that hold a text", Group.LIST, rank=20),
    Action("sort", ("s",), "sort", "by a column, one letter", Group.LIST, rank=33),
    Action("turn", ("S",), "turn", "sorted the other way", Group.LIST),
    Action("problems", ("exclamation_mark",), "problems", "only what needs a look", Group.LIST, rank=21),
    Action("back", ("escape",), "back", "filter off, then all sets", Group.LIST),
    Action("freeze", ("z",), "freeze", "hold the picture still", Group.LIST, rank=32),
    Action("cursor_up", ("up", "k"), "up", "one row up", Group.MOVE),
    Action("cursor_down", ("down", "j"), "down", "one row down", Group.MOVE),
    Action("page_up", ("pageup",), "page up", "one page up", Group.MOVE),
    Action("page_down", ("pagedown",), "page down", "one page down", Group.MOVE),
    Action("first_row", ("home",), "first", "first row", Group.MOVE),
    Action("last_row", ("end",), "last", "last row", Group.MOVE),
    Action("show_sets", ("1",), "sets", "scale sets", Group.EVERYWHERE),
    Action("show_runners", ("2",), "runners", "runners", Group.EVERYWHERE),
    Action("show_events", ("3",), "events", "events", Group.EVERYWHERE),
    Action("next_panel", ("tab",), "next panel", "next panel", Group.EVERYWHERE),
    Action("previous_panel", ("shift+tab",), "previous panel", "panel before", Group.EVERYWHERE),
    Action(
        "sweep",
        ("W",),
        "sweep",
        "read ECS, reap now",
        Group.EVERYWHERE,
        dangerous=True,
        needs_connection=True,
        rank=22,
    ),
    Action(
        "unlock",
        ("u",),
        "unlock",
        "commands for 5 minutes",
        Group.EVERYWHERE,
        needs_connection=True,
        rank=30,
    ),
    Action("refresh", ("ctrl+r",), "now", "connect or sort now", Group.EVERYWHERE, rank=5),
    Action("help", ("question_mark",), "help", "this page", Group.EVERYWHERE, rank=90),
    Action("leave", ("q",), "leave", "leave; the daemon goes on", Group.EVERYWHERE, rank=91),
)

BY_ID: Final = {action.id: action for action in ACTIONS}


def bindings(groups: Iterable[Group]) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual's bindings for the actions of these groups; all of them give way to what has the focus."""
    wanted = set(groups)
    return [
        Binding(",".join(action.keys), action.id, action.label, show=False, id=action.id)
        for action in ACTIONS
        if action.group in wanted
    ]


def footer(allowed: Iterable[Action]) -> tuple[Action, ...]:
    """Those of the allowed actions that belong in the footer, the most useful first."""
    return tuple(sorted((action for action in allowed if action.rank is not None), key=lambda action: action.rank or 0))
