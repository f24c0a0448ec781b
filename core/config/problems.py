"""Everything wrong with a configuration at once, in lines that name what, where and how to mend it.

Whoever mends a file wants all of its mistakes, not the first one; and 51 families of one template that share one
mistake want one line, not 51. So problems are gathered by place and text, in the order they were found, and the
families behind a line are named at its end.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.domain.errors import ConfigurationError
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMED_FAMILIES = 3
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line of the report points to."""

    where: str  #: a table, such as ``[[runner]] 2 (family "gpu")``
    key: str = ""  #: empty when the table as a whole is meant
    family: str = ""  #: the family concerned, where the table does not name it

    def __str__(self) -> str:
        return f"{self.where}, {self.key}" if self.key else self.where


class Findings:
    """Gathers errors and warnings about one file. Equal lines are told once."""

    def __init__(self) -> None:
        self._errors: dict[tuple[str, str], list[str]] = {}
        self._warnings: dict[tuple[str, str], list[str]] = {}

    def error(self, place: Place, text: str) -> None:
        """Note what cannot work."""
        _note(self._errors, place, text)

    def warning(self, place: Place, text: str) -> None:
        """Note what works, though perhaps not as it was meant."""
        _note(self._warnings, place, text)

    @property
    def errors(self) -> tuple[str, ...]:
        """One line for each error, in the order found."""
        return tuple(_lines(self._errors))

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each warning, in the order found."""
        return tuple(_lines(self._warnings))


def configuration_error(subject: str, lines: Sequence[str]) -> ConfigurationError:
    """One error out of all lines: a sentence when there is one, a short list when there are more."""
    if len(lines) == 1:
        return ConfigurationError(f"{subject}: {lines[0]}")
    return ConfigurationError(f"{subject}: {len(lines)} problems\n" + "\n".join(f"- {line}" for line in lines))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None when nothing comes close."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def shown(value: object) -> str:
    """A value as the operator wrote it, shortened and safe to show."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{plain(value, _SHOWN_CHARACTERS)}"'
        case int() | float():
            return _number(value)
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def _number(value: float) -> str:
    try:
        text = str(value)
    except ValueError:  # an integer of thousands of digits, as hexadecimal notation allows
        return "a number too large to write"
    return text if len(text) <= _SHOWN_CHARACTERS else "a number too large to write"


def _note(lines: dict[tuple[str, str], list[str]], place: Place, text: str) -> None:
    families = lines.setdefault((str(place), text), [])
    if place.family and place.family not in families:
        families.append(place.family)


def _lines(lines: dict[tuple[str, str], list[str]]) -> Iterable[str]:
    for (place, text), families in lines.items():
        yield f"{place}: {text}{_named(families)}"


def _named(families: Sequence[str]) -> str:
    if not families:
        return ""
    named = ", ".join(shown(family) for family in families[:_NAMED_FAMILIES])
    more = f" and {len(families) - _NAMED_FAMILIES} more" if len(families) > _NAMED_FAMILIES else ""
    return f" ({'family' if len(families) == 1 else 'families'} {named}{more})"
