"""ASCII instead of our own signs: wherever the program has one, in the same place, and nothing else changes."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.tui.paper import seen
from tests.tui.samples import NOW, fleet
from tests.tui.scenes import SCENES, played
from tests.tui.world import ENVIRON
from tui import rows
from tui.oneshot.output import Output
from tui.settings import Settings
from tui.signs import in_ascii, is_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
#: Where the program's own words come from; numbers with a unit of their own are read there, never written.
SOURCES = [*(ROOT / "tui").rglob("*.py"), *(ROOT / "core" / "engine").rglob("*.py"), ROOT / "core/domain/scaling.py"]
#: Signs that only mark what the table itself, or a reader of texts, looks for.
ONLY_READ = {"signs.py", "plain.py"}


def signs_of(path: Path) -> Iterator[str]:
    """The characters beyond ASCII in the texts of a module, its docstrings left out."""
    tree = ast.parse(path.read_text())
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
            yield from (sign for sign in node.value if not sign.isascii())


def test_every_sign_of_the_program_has_a_counterpart_of_the_same_width() -> None:
    own = {sign for path in SOURCES if path.name not in ONLY_READ for sign in signs_of(path)}
    assert own
    assert [sign for sign in own if not in_ascii(sign).isascii()] == []
    assert [sign for sign in own if cell_len(in_ascii(sign)) != cell_len(sign)] == []


def test_what_comes_from_outside_keeps_its_letters() -> None:
    assert in_ascii("acme/测试 · é ● job") == "acme/测试 - é * job"


@pytest.mark.parametrize("name", ["live", "sweep"])
async def test_all_stays_in_its_place_and_in_its_colours(name: str) -> None:
    async with played(SCENES[name], (120, 36)) as pilot:
        text, styles = seen(pilot.app)
    async with played(SCENES[name], (120, 36), settings=Settings(ascii=True)) as pilot:
        plain, same_styles = seen(pilot.app)
    assert plain == in_ascii(text)
    assert same_styles == styles


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"LANG": "C"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.utf8@euro"}, False),
        ({"LANG": "en_US.ISO-8859-1"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "en_US.ISO-8859-1"}, True),
        ({"LANG": "en_US.ISO-8859-1", "LC_CTYPE": "en_US.UTF-8"}, False),
    ],
)
def test_a_locale_of_another_encoding_asks_for_ascii(environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(None, environ) is wanted
    assert is_wanted(not wanted, environ) is not wanted


async def test_the_screen_follows_the_locale() -> None:
    async with played(SCENES["live"], (80, 24), {**ENVIRON, "LC_ALL": "en_US.ISO-8859-1"}) as pilot:
        assert seen(pilot.app)[0].isascii()


def table(out: io.TextIOWrapper | io.StringIO) -> Output:
    return Output(out, io.StringIO(), as_json=False, width=120)


def test_a_command_answers_in_ascii_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCDECK_ASCII", "1")
    out = io.StringIO()
    table(out).table(rows.runner_columns(120), fleet().runners, NOW)
    assert out.getvalue().isascii()
    assert "! OVERDUE" in out.getvalue()


def test_a_command_answers_in_ascii_where_the_encoding_has_no_more() -> None:
    written = io.BytesIO()
    out = io.TextIOWrapper(written, encoding="latin-1")
    table(out).table(rows.runner_columns(120), fleet().runners, NOW)
    assert "* BUSY" in written.getvalue().decode("ascii")
