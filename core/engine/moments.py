"""Moments that may not be known, as front ends are told them: seconds since the Unix epoch, or None."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from core.engine.times import Times


def timestamp(moment: datetime | None) -> float | None:
    """An aware moment."""
    return None if moment is None else moment.timestamp()


def epoch(moment: float | None, times: Times) -> float | None:
    """A monotonic moment of the engine's clock."""
    return None if moment is None else times.epoch(moment)
