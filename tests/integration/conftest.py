"""Stages for integration tests: see ``tests.stages``, which scripts use without pytest."""

from pathlib import Path

import pytest

from tests.stages import TOML, Stage, Stages, Theatre, WorldTime

__all__ = ["TOML", "Stage", "Stages", "Theatre", "WorldTime"]


@pytest.fixture
def stages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stages:
    return Stages(tmp_path, monkeypatch)
