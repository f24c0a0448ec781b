"""Stages for integration tests: see ``tests.stages``, which scripts use without pytest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stages import TOML, Stage, Stages, Theatre, WorldTime, share_start_costs

__all__ = ["TOML", "Stage", "Stages", "Theatre", "WorldTime"]


@pytest.fixture(scope="session", autouse=True)
def cheap_starts() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        share_start_costs(patch)
        yield


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(tmp_path, monkeypatch)
