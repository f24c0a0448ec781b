"""Pages of a listing, with a token that stands for a place between two items rather than for a count.

What is added or removed between two pages therefore never makes the listing skip or repeat an item that was there all
the time. The token is opaque to clients and good only for the filters it was given out for.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.world.ecs.errors import invalid_parameter

Item = TypeVar("Item")
Place = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some items in order, and the token of the page behind them; None when there is none."""

    items: list[Item]
    next_token: str | None

    def answer(self, member: str, show: Callable[[Item], object]) -> dict[str, Any]:
        """Return the answer of a listing: the items under `member`, and the token where there is one."""
        answer: dict[str, Any] = {member: [show(item) for item in self.items]}
        return answer if self.next_token is None else answer | {"nextToken": self.next_token}


@dataclass(frozen=True, slots=True)
class Paging(Generic[Item]):
    """How a listing is cut: `place` orders the items, `scope` names the filters, `descending` turns the order."""

    place: Callable[[Item], Place]
    scope: str
    descending: bool = False

    def cut(self, items: Iterable[Item], limit: int, token: str | None) -> Page[Item]:
        """Return the first `limit` items behind `token`; raises EcsError for a token of another listing."""
        after = None if token is None else self._read(token)
        ordered = sorted((item for item in items if self._is_behind(item, after)), key=self.place)
        if self.descending:
            ordered.reverse()
        chosen = ordered[:limit]
        return Page(chosen, self._token(chosen[-1]) if len(ordered) > limit else None)

    def _is_behind(self, item: Item, after: Place | None) -> bool:
        if after is None:
            return True
        return self.place(item) < after if self.descending else self.place(item) > after

    def _token(self, item: Item) -> str:
        return base64.urlsafe_b64encode(json.dumps([self._mark(), *self.place(item)]).encode()).decode()

    def _read(self, token: str) -> Place:
        try:
            mark, *place = json.loads(base64.urlsafe_b64decode(token.encode()))
        except (binascii.Error, ValueError, TypeError):
            raise invalid_parameter("Invalid token.") from None
        if mark != self._mark():
            raise invalid_parameter("Invalid token.")
        return tuple(place)

    def _mark(self) -> str:
        return hashlib.sha256(self.scope.encode()).hexdigest()[:16]
