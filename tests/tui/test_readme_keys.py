"""What the README says of keys and settings is so."""

from __future__ import annotations

import re
from pathlib import Path

from tui.actions import ACTIONS
from tui.keys import written
from tui.settings import Settings, read

README = (Path(__file__).parents[2] / "README.md").read_text()
SCREEN = README.partition("\n## On the screen\n")[2].partition("\n## ")[0]
SAMPLE = next(block for block in re.findall(r"```text\n(.*?)```", SCREEN, re.DOTALL) if "theme =" in block)


def test_every_key_is_in_the_table_and_every_id_in_the_list() -> None:
    named = set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", SCREEN, flags=re.DOTALL)))
    assert [action.id for action in ACTIONS if not {written(key) for key in action.keys} <= named] == []
    assert [action.id for action in ACTIONS if action.id not in named] == []


def test_the_sample_is_taken_without_a_complaint() -> None:
    found = read(SAMPLE, Path("screen.toml"))
    assert found.problems == ()
    assert found.keyboard.key("stop") == "delete"
    assert found.lists["runners"].filter == "!state:stopped"


def test_the_sample_says_what_is_so_without_it() -> None:
    usual = Settings()
    found = read(SAMPLE, Path("screen.toml"))
    assert (found.theme, found.mouse) == (usual.theme, usual.mouse)
    assert set(re.findall(r"# (auto.*)", SAMPLE)) == {"auto, dark, light, ansi"}
