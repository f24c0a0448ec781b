"""Texts in a number of terminal cells, and without power over a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.fit import Cut, shorten, wrap
from tui.plain import plain


def test_a_short_text_stays_as_it_is() -> None:
    assert shorten("runner", 6) == "runner"


def test_a_name_that_is_cut_keeps_its_eight_hex_digits() -> None:
    assert shorten("runner-medium-docker-5f3a91c2", 18, Cut.NAME) == "runner-m…-5f3a91c2"


def test_a_job_that_is_cut_keeps_both_ends() -> None:
    assert shorten("acme/api · release · deploy", 15, Cut.MIDDLE) == "acme/ap… deploy"


def test_an_arn_that_is_cut_keeps_its_end() -> None:
    assert shorten("task/ci-prod/9c1e44d0", 9, Cut.START) == "…9c1e44d0"


@given(st.text(), st.integers(0, 40), st.sampled_from(Cut))
def test_a_text_never_takes_more_cells_than_it_may(text: str, width: int, cut: Cut) -> None:
    assert cell_len(shorten(text, width, cut)) <= width


@given(st.text(), st.integers(1, 40), st.integers(1, 4))
def test_wrapped_lines_are_neither_too_long_nor_too_many(text: str, width: int, lines: int) -> None:
    wrapped = wrap(text, width, lines)
    assert len(wrapped) <= lines
    assert all(cell_len(line) <= width for line in wrapped)


def test_wide_characters_count_twice() -> None:
    assert shorten("测试工作流程", 7) == "测试工…"


def test_lines_break_at_spaces_and_the_last_one_is_cut() -> None:
    assert wrap("the sweep stops it then a replacement starts", 12, 2) == ["the sweep", "stops it th…"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]52;c;eA==\x07b", "a␛]52;c;eA==␇b"),
        ("one\ntwo\r", "one␊two␍"),
        ("\x9b31m", "�31m"),
        ("evil\u202etxt.exe", "evil�txt.exe"),
        ("zero\u200bwidth", "zero�width"),
        ("\ud800", "�"),
        ("deploy ⚠\ufe0f", "deploy ⚠"),
    ],
    ids=["osc 52", "line ends", "c1", "direction", "zero width", "surrogate", "variation"],
)
def test_controls_become_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_no_text_keeps_a_control_character(text: str) -> None:
    assert not any(ord(letter) < 0x20 or 0x7F <= ord(letter) < 0xA0 for letter in plain(text))
