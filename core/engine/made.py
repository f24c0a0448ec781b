"""Which scale sets on GitHub are ours where GitHub keeps no marks: GHES before 3.18 drops the labels (section 3.8).

What was created, or taken over, is in the journal with its id, for as long as the journal is. With the journal lost
such a scale set is nobody's, and an operator adopts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.api.events import MOST_EVENTS, EventQuery
from core.domain.ownership import bears_no_marks

if TYPE_CHECKING:
    from core.domain.messages import ScaleSetRef
    from core.engine.chronicle import Chronicle
    from core.ports import Journal

#: The kind of the entries that say so; the journal never lets them expire.
MADE: Final = "scale-set"


class Made:
    """The memory of it."""

    def __init__(self, journal: Journal, chronicle: Chronicle) -> None:
        self._journal = journal
        self._chronicle = chronicle
        self._ids: dict[str, object] = {}

    async def recall(self) -> None:
        """Read what earlier runs made; call it before anything is settled."""
        said = await self._journal.find(EventQuery(kinds=(MADE,), limit=MOST_EVENTS))
        self._ids = {entry.scale_set: entry.data.get("id") for entry in said} | self._ids

    def note(self, scale_set: ScaleSetRef, how: str) -> None:
        """A scale set became ours; ``how``, as the end of a sentence about it."""
        self._ids[scale_set.name] = scale_set.id
        story = f"scale set {scale_set.name} {how}"
        self._chronicle.note(MADE, story, scale_set=scale_set.name, keep={"id": scale_set.id})

    def has(self, scale_set: ScaleSetRef) -> bool:
        """Whether it bears no mark of anybody, and is the one that we remember."""
        return bears_no_marks(scale_set.name, scale_set.labels) and self._ids.get(scale_set.name) == scale_set.id
