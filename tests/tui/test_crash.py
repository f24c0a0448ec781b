"""A crash restores the terminal, names its report, and shows no variable of any frame."""

from __future__ import annotations

import asyncio
import stat
from typing import TYPE_CHECKING

import pytest

from tests.tui.world import ENVIRON, FakeDaemon, overview, screen, settle
from tui import crash

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core.api.model import Hello, Update
    from tui.app import ArcdeckApp

SECRET = "planted-and-never-to-be-seen"


class Broken(Exception):
    """What is raised on purpose."""


def fail() -> None:
    """Fail with a secret in a variable of this very frame."""
    token = SECRET + "".join([])
    raise Broken(f"a text of {len(token)} letters")


def report_of(state: Path) -> str:
    (path,) = (state / "arcdeck").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text()


async def crash_by(way: str, app: ArcdeckApp) -> None:
    """Let the app fail, in a handler, in a timer or by its daemon."""
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        if way == "handler":
            overview(pilot).action_problems = fail  # type: ignore[method-assign]  # breaks it on purpose
            await pilot.press("exclamation_mark")
        elif way == "timer":
            overview(pilot).set_timer(0.01, fail)
        async with asyncio.timeout(5):
            await app._exception_event.wait()


class BrokenDaemon(FakeDaemon):
    """Its stream fails in a way that no connection does."""

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        fail()
        yield self.hello


@pytest.mark.parametrize("way", ["handler", "timer", "worker"])
async def test_a_crash_leaves_a_report_without_variables_and_one_line(
    way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = BrokenDaemon() if way == "worker" else FakeDaemon()
    app = screen(daemon, environ={**ENVIRON, "XDG_STATE_HOME": str(tmp_path)})
    with pytest.raises(Exception, match=r"a text of \d+ letters"):
        await crash_by(way, app)
    report, told = report_of(tmp_path), capsys.readouterr().err
    assert app.return_code == 1
    assert "in fail" in report
    assert report.rstrip().endswith(f"Broken: a text of {len(SECRET)} letters")
    assert "the screen failed (Broken); what happened is in" in " ".join(told.split())
    assert "The daemon goes on." in " ".join(told.split())
    assert SECRET not in report + told


def test_a_report_tells_of_causes_first() -> None:
    try:
        try:
            fail()
        except Broken as error:
            raise KeyError("a name\nand more") from error
    except KeyError as error:
        report = "\n".join(crash.report(error))
    first, last = report.split("and after that:")
    assert "Broken: a text of" in first
    assert "KeyError" in last
    assert SECRET not in report


def test_a_report_goes_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = crash.write_report(Broken("x"), {"XDG_STATE_HOME": str(tmp_path / "file")})
    assert path is not None
    assert path.parent == tmp_path


def test_without_any_room_there_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing" / "too"))
    (tmp_path / "missing").write_text("in the way")
    assert crash.write_report(Broken("x"), {}) is None
