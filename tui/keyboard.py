"""The actions with the keys that they have here: the usual ones, and instead of some of them those that a user chose.

A choice is taken or refused with a sentence, one by one. No key means two things on one screen, and nothing that
changes something outside the screen is put where a finger slips: not on a key that types a sign into a filter, nor on
one that is pressed without a thought (tui-patterns.md section 3.9). ``ctrl+c`` and ``ctrl+q`` always leave.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from tui.actions import ACTIONS, BY_ID
from tui.keys import REFLEXES, SWALLOWED, named, types_text, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.actions import Action, Place


@dataclass(frozen=True, slots=True)
class Keyboard:
    """All actions, in the order of the help, each with the keys that it has here."""

    actions: tuple[Action, ...] = ACTIONS

    def of(self, place: Place) -> tuple[Action, ...]:
        """The actions of a kind of screen."""
        return tuple(action for action in self.actions if place in action.places)

    def key(self, action: str) -> str:
        """The first key of an action by its id, as people write it."""
        return next(each.key for each in self.actions if each.id == action)

    def keymap(self) -> dict[str, str]:
        """What Textual has to be told: the keys of the actions that have others than usual, by id."""
        return {action.id: ",".join(action.keys) for action in self.actions if action.keys != BY_ID[action.id].keys}


#: The keys as they are without anybody's choice.
USUAL: Final = Keyboard()


def choose(wanted: Mapping[str, Sequence[str]]) -> tuple[Keyboard, dict[str, str]]:
    """The keyboard with the wanted keys, as people write them, by the ids of actions; and why some were refused, by id.

    What is refused keeps its usual keys.
    """
    refused = {name: reason for name, keys in wanted.items() if (reason := _against(name, keys))}
    chosen = {name: _names(keys) for name, keys in wanted.items() if name not in refused}
    while clash := next(_clashes(_with(chosen), chosen), None):
        name, reason = clash
        refused[name] = reason
        del chosen[name]
    return Keyboard(_with(chosen)), refused


def _names(keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(key for text in keys if (key := named(text)))


def _with(chosen: Mapping[str, tuple[str, ...]]) -> tuple[Action, ...]:
    return tuple(replace(action, keys=chosen.get(action.id, action.keys)) for action in ACTIONS)


def _against(name: str, keys: Sequence[str]) -> str:
    """What speaks against these keys for an action, whatever the others have; empty when nothing does."""
    if name not in BY_ID:
        near = difflib.get_close_matches(name, BY_ID, n=1)
        return f"there is no such action{f', but {near[0]}' if near else ''}; README.md has all ids"
    if not keys:
        return "an action needs a key"
    return next((reason for text in keys if (reason := _against_key(BY_ID[name], text))), "")


def _against_key(action: Action, text: str) -> str:
    key = named(text)
    if key is None:
        return f"{text} is no key; keys are written as a, A, ?, f5, delete, ctrl+x"
    if key in SWALLOWED:
        return f"{text} cannot be had: {SWALLOWED[key]}"
    if not action.dangerous or key in action.keys:
        return ""
    slips = "is pressed without a thought" if key in REFLEXES else "types into filters" if types_text(key) else ""
    return f"{text} {slips}, and {action.label} changes something; take one as delete, f5, ctrl+x" if slips else ""


def _clashes(actions: Sequence[Action], chosen: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Chosen actions whose key another one has on the same screen, each with the reason."""
    by_key: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        for key in action.keys:
            by_key[key].append(action)
    for key, sharing in by_key.items():
        for one, other in combinations(sharing, 2):
            if one.places & other.places:
                name, taken = (other, one) if other.id in chosen else (one, other)
                yield name.id, f"{written(key)} is {taken.label} already; choose another, or other keys for {taken.id}"
