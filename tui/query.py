"""What an operator types to find rows: parsed once, then asked of each row (tui-patterns.md section 4.8).

Every term must hold; terms are parted by spaces, and quotes keep one together.

- ``docker`` a text somewhere in the row, in any case;
- ``state:pending`` a text in one field, ``set=gpu`` the whole of it;
- ``age>5m``, ``exit>0`` a duration or a number, with ``>``, ``<``, ``>=``, ``<=``, ``=``;
- ``!state:idle`` anything but.

Pure: no clock, no widget.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

RowT = TypeVar("RowT")
#: What a field holds: a text, or a number (ages in seconds). None = nothing, which matches nothing.
Value: TypeAlias = str | float | None
Fields: TypeAlias = Mapping[str, Callable[[RowT, float], Value]]

_TERM: Final = re.compile(
    r"(?P<no>!?)(?:(?P<field>[a-z]+)(?P<sign>>=|<=|[:=<>]))?(?:\"(?P<quoted>[^\"]*)(?:\"|$)|(?P<word>\S*))",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.IGNORECASE)
_UNITS: Final = (86_400, 3_600, 60, 1)
_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ":": operator.eq,
}


class QueryError(ValueError):
    """What was typed cannot be asked; the text is a sentence for the person who types."""


@dataclass(frozen=True, slots=True)
class Query(Generic[RowT]):
    """A filter that was understood; without terms it holds for every row."""

    terms: tuple[Callable[[RowT, float], bool], ...] = ()

    def holds(self, row: RowT, now: float) -> bool:
        """Whether a row is shown. ``now`` is seconds in the daemon's clock."""
        return all(term(row, now) for term in self.terms)


def parse(text: str, fields: Fields[RowT], whole: Callable[[RowT, float], str]) -> Query[RowT]:
    """The filter a text stands for; ``whole`` is all that a term without a field looks in.

    Raises QueryError for a field there is not, and for a comparison with what is neither number nor duration.
    """
    return Query(tuple(_term(found, fields, whole) for found in _TERM.finditer(text) if found.group()))


def _term(
    found: re.Match[str], fields: Fields[RowT], whole: Callable[[RowT, float], str]
) -> Callable[[RowT, float], bool]:
    name, sign, wanted = found["field"], found["sign"] or "", found["quoted"] or found["word"] or ""
    if name is None:
        holds = _contains(whole, wanted)
    else:
        field = fields.get(name.lower())
        if field is None:
            raise QueryError(_unknown(name, fields))
        holds = _asks(field, name, sign, wanted)
    return (lambda row, now: not holds(row, now)) if found["no"] and wanted else holds


def _asks(field: Callable[[RowT, float], Value], name: str, sign: str, wanted: str) -> Callable[[RowT, float], bool]:
    """One field against what is wanted of it; nothing typed yet asks for nothing."""
    if not wanted:
        return lambda *_: True
    number = _number(wanted)
    if number is None and sign not in {":", "="}:
        raise QueryError(f"{name}{sign} takes a number or a duration such as 5m, not {wanted}")
    compare, text = _COMPARE[sign], wanted.casefold()

    def holds(row: RowT, now: float) -> bool:
        value = field(row, now)
        if isinstance(value, str):
            return _compares(value.casefold(), sign, text)
        return value is not None and number is not None and compare(value, number)

    return holds


def _compares(value: str, sign: str, wanted: str) -> bool:
    """A text against a text; greater and smaller are for numbers."""
    return wanted in value if sign == ":" else sign == "=" and value == wanted


def _contains(whole: Callable[[RowT, float], str], wanted: str) -> Callable[[RowT, float], bool]:
    needle = wanted.casefold()
    return lambda row, now: needle in whole(row, now).casefold()


def _number(text: str) -> float | None:
    """A number as it stands, a duration in seconds; None when it is neither."""
    try:
        return float(text)
    except ValueError:
        parts = _DURATION.fullmatch(text)
    if parts is None or not any(parts.groups()):
        return None
    return float(sum(int(part) * unit for part, unit in zip(parts.groups(), _UNITS, strict=True) if part))


def _unknown(name: str, fields: Fields[RowT]) -> str:
    near = difflib.get_close_matches(name.lower(), fields, n=1)
    hint = f"{near[0]}?" if near else f"there are {', '.join(fields)}"
    return f"no field {name} here; {hint}"
