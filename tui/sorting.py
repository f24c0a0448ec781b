"""By what a list can be sorted, and in which direction: values, compared by type (tui-patterns.md section 4.7).

The order a list has by itself puts trouble first; it is one of the choices and has the letter ``.``. Rows without a
value come last, whichever way round. Pure: no clock, no widget.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.query import Value

RowT = TypeVar("RowT")
#: What an arrangement compares; the second argument is ``now`` in the daemon's clock.
Compared: TypeAlias = Callable[[RowT, float], Any]

#: The letter of the order that a list has by itself.
OWN: Final = "."


@dataclass(frozen=True, slots=True)
class Sort(Generic[RowT]):
    """One way to sort a list."""

    name: str  #: as the rule above the list says it
    value: Callable[[RowT, float], Value]
    falling: bool = False  #: largest first, which is what one looks for in ages and counts


@dataclass(frozen=True, slots=True)
class Order(Generic[RowT]):
    """How a list is sorted now; ``sort`` None = the order it has by itself."""

    letter: str = OWN
    sort: Sort[RowT] | None = None
    turned: bool = False  #: the other way round than this sort usually goes

    def after(self, letter: str, sorts: Mapping[str, Sort[RowT]]) -> Order[RowT]:
        """The order once that letter was chosen; the same one again turns it round, an unknown one changes nothing."""
        if letter == OWN:
            return Order()
        if letter == self.letter:
            return self.round()
        return Order(letter, sorts[letter]) if letter in sorts else self

    def round(self) -> Order[RowT]:
        """The same the other way round; the order a list has by itself has no other way."""
        return self if self.sort is None else replace(self, turned=not self.turned)

    @property
    def words(self) -> str:
        """How it is sorted: ``by AGE ↓``; empty for the order the list has by itself."""
        return f"by {self.sort.name.upper()} {'↓' if self._falling else '↑'}" if self.sort else ""

    def key(self, own: Compared[RowT]) -> Compared[RowT]:
        """What an arrangement compares; rows that are equal keep the order the list has by itself."""
        sort, falling = self.sort, self._falling
        if sort is None:
            return own

        def compared(row: RowT, now: float) -> tuple[bool, Any, Any]:
            value = sort.value(row, now)
            text = value.casefold() if isinstance(value, str) else value
            return value is None or value == "", _Falling(text) if falling else text, own(row, now)

        return compared

    @property
    def _falling(self) -> bool:
        return self.sort is not None and self.sort.falling != self.turned


class _Falling:
    """A value that compares the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and bool(self.value == other.value)

    def __lt__(self, other: _Falling) -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up
