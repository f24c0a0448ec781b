"""Which rows a list shows, and in which order: still while somebody reads it.

Values change in place at once. Positions change only when no key has arrived for five quiet ticks, because a list that
sorts itself under a finger makes people stop the wrong runner (tui-patterns.md section 5.2). While the order is held,
new rows appear at the end and gone ones leave. Pure: no clock, no widget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

RowT = TypeVar("RowT")

#: Ticks (seconds) without a key after which positions may change again.
QUIET_TICKS: Final = 5
#: Ticks for which the row under the cursor stays, struck out, after it is gone.
GHOST_TICKS: Final = 60


@dataclass(frozen=True, slots=True)
class Arranged(Generic[RowT]):
    """What a table is to show."""

    rows: Mapping[str, RowT]
    order: Sequence[str]
    total: int = 0  #: how many rows there are, shown or not
    held: bool = False  #: whether the order would be another if it were not held still
    ghost: str | None = None  #: the key of a row that is gone and only shown because the cursor is on it


class Listing(Generic[RowT]):
    """The order of one list, remembered from one arrangement to the next."""

    def __init__(self) -> None:
        self._last: Arranged[RowT] = Arranged({}, ())
        self._quiet = QUIET_TICKS
        self._ghost_age = 0

    def touch(self) -> None:
        """A key arrived: hold still."""
        self._quiet = 0

    def tick(self) -> None:
        """A second has passed."""
        self._quiet += 1
        self._ghost_age += 1

    def release(self) -> None:
        """Let positions change at the next arrangement."""
        self._quiet = QUIET_TICKS

    @property
    def settled(self) -> bool:
        """Whether the last arrangement would come out the same again, if it were asked for with nothing changed."""
        due = self._last.held and self._quiet >= QUIET_TICKS
        return not due and self._last.ghost is None

    def arrange(
        self,
        rows: Iterable[RowT],
        *,
        key: Callable[[RowT], str],
        sort: Callable[[RowT], Any],
        keep: Callable[[RowT], bool] | None,
        cursor: str | None = None,
    ) -> Arranged[RowT]:
        """The rows for which ``keep`` holds (None = all of them), by ``sort``, unless the order is held.

        ``cursor`` is the key of the selected row: when that is gone from the rows, it stays for a minute as a ghost.
        """
        known = {key(row): row for row in rows}
        kept = dict(known) if keep is None else {name: row for name, row in known.items() if keep(row)}
        ghost = self._ghost(known, cursor)
        if ghost is not None and (keep is None or keep(ghost)):
            kept[key(ghost)] = ghost
        wanted = [key(row) for row in sorted(kept.values(), key=sort)]
        shown = self._still(wanted) if self._quiet < QUIET_TICKS else wanted
        haunted = cursor if ghost is not None and cursor in kept else None
        self._last = Arranged(kept, shown, len(known), shown != wanted, haunted)
        return self._last

    def _ghost(self, known: Mapping[str, RowT], cursor: str | None) -> RowT | None:
        """The row under the cursor as it was last seen, while it is gone and that is not long ago."""
        if cursor is None or cursor in known or cursor not in self._last.rows:
            return None
        if cursor != self._last.ghost:
            self._ghost_age = 0
        return self._last.rows[cursor] if self._ghost_age < GHOST_TICKS else None

    def _still(self, wanted: Sequence[str]) -> Sequence[str]:
        """The same keys in the order they had, new ones at the end."""
        present = set(wanted)
        staying = dict.fromkeys(name for name in self._last.order if name in present)
        return [*staying, *(name for name in wanted if name not in staying)]
