"""The configuration behind the port: what a test says, or the error it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.ports import Wanted

if TYPE_CHECKING:
    from core.domain.errors import ArcdeckError
    from core.domain.scale_set import ScaleSetSpec


class FakeConfiguration:
    """Implements ``core.ports.Configuration``. Every ``change`` is a new version."""

    def __init__(self, *scale_sets: ScaleSetSpec) -> None:
        self.problem: ArcdeckError | None = None  #: what reading raises
        self.reads = 0
        self._wanted = Wanted(scale_sets, "1")

    @property
    def version(self) -> str:
        """The present version."""
        return self._wanted.version

    def change(self, *scale_sets: ScaleSetSpec) -> None:
        """From now on these are wanted, and no others."""
        self._wanted = Wanted(scale_sets, str(int(self.version) + 1))

    async def read(self) -> Wanted:
        self.reads += 1
        if self.problem is not None:
            raise self.problem
        return self._wanted
