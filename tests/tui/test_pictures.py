"""What the screen looks like: pictures compared to the letter, with a clock that stands still.

After a change that was meant, look at the new pictures before keeping them: ``pytest tests/tui/test_pictures.py
--snapshot-update``, then open ``tests/tui/__snapshots__/test_pictures/*.svg`` in a browser.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from syrupy.extensions.image import SVGImageSnapshotExtension

from core.api.client import ConnectionLost, NotRunning
from tests.tui.past import told_history, told_log
from tests.tui.samples import held, well
from tests.tui.world import ENVIRON, FakeDaemon, HandClock, foreseen, overview, screen, settle

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

    from tui.app import ArcdeckApp

SMALL: Final = (80, 24)
USUAL: Final = (120, 36)
#: Fonts that the picture would fetch from the network; without them a viewer takes its own.
FETCHED_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(SVGImageSnapshotExtension)


def taken(app: ArcdeckApp) -> str:
    return FETCHED_FONTS.sub("", app.export_screenshot(title="arcdeck"))


def told() -> FakeDaemon:
    """A daemon with a past, and with runners that print."""
    daemon = FakeDaemon()
    daemon.history, daemon.printed = told_history(), told_log()
    return daemon


async def after(
    *keys: str, size: tuple[int, int], daemon: FakeDaemon | None = None, unlocked: bool = False, lost: bool = False
) -> str:
    """The picture after some keys; with ``lost``, 24 s after the connection went."""
    daemon, clock = daemon or FakeDaemon(), HandClock()
    app = screen(daemon, clock, unlocked=unlocked)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press(*keys)
        if lost:
            daemon.refusal = NotRunning("No arcdeck daemon runs here: there is no socket at /run/arcdeck/ci-prod.sock.")
            daemon.send(ConnectionLost("The daemon closed the connection."))
            await settle(pilot)
            clock.advance(24)
            app.session.feed.retry()
            overview(pilot).tick()
        await settle(pilot)
        return taken(app)


@pytest.mark.parametrize("size", [SMALL, USUAL, (200, 60)], ids=["80x24", "120x36", "200x60"])
async def test_main(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    assert await after(size=size) == picture


async def test_scale_sets_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after("1", "down", "down", size=SMALL) == picture


async def test_everything_well_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after(size=SMALL, daemon=FakeDaemon(well())) == picture


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["80x24", "120x36"])
async def test_question_about_a_busy_runner(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    assert await after("down", "x", size=size, unlocked=True) == picture


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["80x24", "120x36"])
async def test_lost_connection(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    assert await after(size=size, lost=True) == picture


async def test_filter_at_120x36(picture: SnapshotAssertion) -> None:
    assert await after("slash", *"docker", size=USUAL) == picture


async def test_help_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after("question_mark", size=SMALL) == picture


async def test_palette_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after("colon", *"st", size=SMALL) == picture


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["80x24", "120x36"])
async def test_one_runner(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    assert await after("down", "enter", size=size, daemon=told(), unlocked=True) == picture


async def test_search_in_a_log_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after("down", "l", "slash", *"deploy", "enter", size=SMALL, daemon=told()) == picture


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["80x24", "120x36"])
async def test_what_happened(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    assert await after("e", size=size, daemon=told()) == picture


async def test_ended_tasks_at_120x36(picture: SnapshotAssertion) -> None:
    assert await after("E", size=USUAL, daemon=told()) == picture


async def test_drain_at_80x24(picture: SnapshotAssertion) -> None:
    daemon = FakeDaemon(held())
    assert await after("1", "down", "P", size=SMALL, daemon=daemon, unlocked=True) == picture


@pytest.mark.parametrize("size", [SMALL, USUAL], ids=["80x24", "120x36"])
async def test_preview_of_a_sweep(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    daemon = FakeDaemon()
    daemon.preview = foreseen(
        "runner-large-docker-a11ce004: ecs-arc: stuck in PENDING for 5m7s (threshold: 5m)",
        "runner-small-plain-0b77e1f4: ecs-arc: exceeded max runtime 6h (running: 6h2m)",
        *(f"runner-xlarge-docker-{n:08x}: ecs-arc: stuck in PENDING for 6m{n}s (threshold: 5m)" for n in range(12)),
    )
    assert await after("W", size=size, daemon=daemon, unlocked=True) == picture


async def test_preview_of_a_sweep_with_nothing_to_stop_at_80x24(picture: SnapshotAssertion) -> None:
    assert await after("W", size=SMALL, unlocked=True) == picture


async def test_too_small(picture: SnapshotAssertion) -> None:
    assert await after(size=(50, 10)) == picture


async def test_no_colour_at_80x24(picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = screen(environ={**ENVIRON, "NO_COLOR": "1"})
    async with app.run_test(size=SMALL) as pilot:
        await settle(pilot)
        assert taken(app) == picture
