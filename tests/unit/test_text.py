"""Text from outside, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.text import MAX_TEXT, plain

BIDIRECTIONAL = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"


@pytest.mark.parametrize("text", ["", "build (3.11)", "größer", "日本語", "naïve — “quoted”", "🚀 ship"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_an_escape_sequence_becomes_visible() -> None:
    assert plain("\x1b[31mred\x1b[0m") == "␛[31mred␛[0m"


def test_text_becomes_one_line() -> None:
    assert plain("one\r\ntwo\tthree\u2028four") == "one␍␊two␉three\ufffdfour"


def test_delete_and_c1_controls_do_not_pass() -> None:
    assert plain("a\x7fb\x9bc") == "a␡b\ufffdc"


@pytest.mark.parametrize("mark", BIDIRECTIONAL, ids=unicodedata.name)
def test_a_direction_mark_is_replaced(mark: str) -> None:
    assert plain(f"a{mark}b") == "a\ufffdb"


@pytest.mark.parametrize("mark", ZERO_WIDTH, ids=unicodedata.name)
def test_a_zero_width_character_is_replaced(mark: str) -> None:
    assert plain(f"a{mark}b") == "a\ufffdb"


def test_a_lone_surrogate_is_replaced_so_that_the_text_can_be_sent() -> None:
    assert plain("a\ud800b").encode() == "a\ufffdb".encode()


def test_text_of_the_longest_length_is_kept_whole() -> None:
    assert plain("x" * MAX_TEXT) == "x" * MAX_TEXT


def test_longer_text_is_cut_and_ends_in_an_ellipsis() -> None:
    assert plain("x" * (MAX_TEXT + 1)) == "x" * (MAX_TEXT - 1) + "…"
    assert plain("abcdef", limit=4) == "abc…"


@given(st.text(st.characters(codec=None)), st.integers(1, 40))
def test_what_comes_out_is_short_and_holds_no_control(text: str, limit: int) -> None:
    safe = plain(text, limit)
    assert len(safe) <= limit
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in safe)


@given(st.text())
def test_making_it_safe_twice_changes_nothing_more(text: str) -> None:
    assert plain(plain(text)) == plain(text)
