"""What one takes along from the screen: the WHY in one's own clipboard, a picture in a file."""

from __future__ import annotations

import base64
import stat
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.tui.desk import sitting
from tests.tui.world import ENVIRON

if TYPE_CHECKING:
    from pathlib import Path


async def test_c_asks_the_terminal_to_take_the_why_and_promises_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    async with sitting(environ={**ENVIRON, "TMUX": "/run/tmux"}) as desk:
        monkeypatch.setattr(desk.pilot.app._driver, "write", written.append)
        await desk.press("c")
        bare, wrapped = (text for text in written if "]52;" in text)
        assert wrapped.startswith("\x1bPtmux;\x1b")
        copied = base64.b64decode(bare.removeprefix("\x1b]52;c;").removesuffix("\a")).decode()
        assert copied.startswith("runner-large-docker-a11ce004: PENDING 5:07, over its limit of 5:00: the sweep at")
        assert "sent to your terminal (OSC 52)" in desk.text("message")


@pytest.mark.parametrize("keys", [(), ("enter",), ("e",)], ids=["main", "runner", "history"])
async def test_a_picture_is_a_file_for_its_owner_alone_and_its_path_is_told(
    keys: tuple[str, ...], tmp_path: Path
) -> None:
    async with sitting(environ={**ENVIRON, "XDG_STATE_HOME": str(tmp_path)}) as desk:
        await desk.press(*keys, "C")
        (file,) = (tmp_path / "arcdeck").iterdir()
        assert file.suffix == ".svg"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        words = "".join(ET.fromstring(file.read_text()).itertext())  # noqa: S314  # made here
        assert "ci-prod" in words
        assert any(f"picture kept in {tmp_path}" in line for line in desk.lines())


async def test_two_pictures_are_two_files(tmp_path: Path) -> None:
    async with sitting(environ={**ENVIRON, "XDG_STATE_HOME": str(tmp_path)}) as desk:
        await desk.press("C", "C")
        assert len(list((tmp_path / "arcdeck").iterdir())) == 2


async def test_a_picture_that_no_place_takes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (blocked := tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("tempfile.tempdir", str(blocked / "too"))
    async with sitting(environ={**ENVIRON, "XDG_STATE_HOME": str(blocked)}) as desk:
        await desk.press("C")
        assert desk.text("message").startswith(" no place took the picture")


@pytest.mark.parametrize("way", ["picture", "copy"])
async def test_the_palette_has_it_too(way: str, tmp_path: Path) -> None:
    async with sitting(environ={**ENVIRON, "XDG_STATE_HOME": str(tmp_path)}) as desk:
        await desk.press("colon", *way, "enter")
        told = {"picture": "picture kept in", "copy": "sent to your terminal"}[way]
        assert told in desk.text("message")
