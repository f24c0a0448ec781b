"""A set whose members fade: names or jobs remembered for a while and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Recently:
    """Remembers texts for ``ttl`` seconds; looking prunes what has expired, oldest first."""

    def __init__(self, ttl: float, monotonic: Callable[[], float]) -> None:
        self._ttl = ttl
        self._monotonic = monotonic
        self._added: dict[str, float] = {}

    def add(self, member: str) -> None:
        """Remember it from now on, anew when it was there."""
        self._added.pop(member, None)
        self._added[member] = self._monotonic()

    def __contains__(self, member: str) -> bool:
        self._prune()
        return member in self._added

    def __len__(self) -> int:
        self._prune()
        return len(self._added)

    def _prune(self) -> None:
        oldest_kept = self._monotonic() - self._ttl
        while self._added:
            first = next(iter(self._added))
            if self._added[first] > oldest_kept:
                return
            del self._added[first]
