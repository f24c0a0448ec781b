"""What the command palette offers, and what of it a few typed letters leave. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be done by its name."""

    name: str
    about: str
    key: str  #: the key that does the same; empty when none does
    reason: str  #: why it cannot be done now; empty when it can
    run: Callable[[], None]


def matching(choices: Iterable[Choice], typed: str) -> list[Choice]:
    """The choices that hold every typed word, in any case.

    What begins with the text comes first, then what has all words in its name; within these, what can be done now.
    """
    text = " ".join(typed.casefold().split())
    words = text.split()

    def place(choice: Choice) -> tuple[int, bool]:
        name = choice.name.casefold()
        nearness = 0 if name == text else 1 if name.startswith(text) else 2 if all(w in name for w in words) else 3
        return nearness, bool(choice.reason)

    found = [choice for choice in choices if all(word in f"{choice.name} {choice.about}".casefold() for word in words)]
    return sorted(found, key=place)
