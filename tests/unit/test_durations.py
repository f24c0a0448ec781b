"""Durations in Go's notation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("0s", 0),
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        (".5m", 30),
        ("1.h", 3600),
        ("1h0m0.5s", 3600.5),
        ("30m1h", 5400),
        ("-5m", -300),
        ("+5m", 300),
        ("1500ms", 1.5),
        ("1us", 1e-6),
        ("1µs", 1e-6),
        ("1μs", 1e-6),
        ("1ns", 1e-9),
        ("14d", 14 * 86_400),
        (" 90s\n", 90),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", " ", "5", "m", "5 m", "1h 30m", "five", "1h-30m", "--5m", "1,5h", "1e3s", "5M", "."]
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write it like 1h30m, 90s or 1\.5h$"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (-0.9, "0s"),
        (45, "45s"),
        (60, "1m0s"),
        (300, "5m0s"),
        (370, "6m10s"),
        (3600, "1h0m0s"),
        (21_600, "6h0m0s"),
        (21_620.7, "6h0m20s"),
        (90_061, "25h1m1s"),
        (-370, "-6m10s"),
    ],
)
def test_whole_seconds_are_written_as_go_writes_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(-(10**9), 10**9))
def test_what_was_written_reads_back_the_same(seconds: int) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(0, 10**9))
def test_a_fraction_is_rounded_down(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == math.floor(seconds)
