"""A daemon that is killed amid a burst of starts loses nothing and doubles nothing."""

from pathlib import Path

import pytest

from tests.sigkill import killings

pytestmark = pytest.mark.e2e


async def test_two_daemons_killed_amid_sixty_starts_lose_and_double_nothing(tmp_path: Path) -> None:
    done = await killings(seed=1, moments=2, folder=tmp_path)
    assert any(done.open_at_death)
