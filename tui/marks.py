"""Which rows of a list are marked, by key: through every filter and sort, until they are gone. Pure.

See tui-patterns.md section 5.5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


class Marks:
    """The marked keys of one list, in the order in which they were marked."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}
        self._last = ""  # where a range begins

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def toggle(self, key: str) -> None:
        """Mark it, or no longer."""
        self._last = key
        if key in self._keys:
            del self._keys[key]
        else:
            self._keys[key] = None

    def up_to(self, key: str, order: Sequence[str]) -> None:
        """Mark everything from the row that was marked last to this one, in the order in which they are shown."""
        if self._last not in order or key not in order:
            self.toggle(key)
            return
        first, last = sorted((order.index(self._last), order.index(key)))
        self._keys |= dict.fromkeys(order[first : last + 1])
        self._last = key

    def all_of(self, order: Sequence[str]) -> None:
        """Mark everything that is shown; nothing any more when all of it is marked."""
        if order and all(key in self._keys for key in order):
            self.clear()
        else:
            self._keys |= dict.fromkeys(order)

    def clear(self) -> bool:
        """Mark nothing any more; whether anything was."""
        had, self._keys, self._last = bool(self._keys), {}, ""
        return had

    def keep(self, present: Collection[str]) -> list[str]:
        """Forget those that are gone; which they were."""
        gone = [key for key in self._keys if key not in present]
        for key in gone:
            del self._keys[key]
        return gone
