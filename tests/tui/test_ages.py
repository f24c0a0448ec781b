"""How long something has lasted, in few characters."""

import pytest

from tui import ages


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (7.9, "0:07"), (252, "4:12"), (3599, "59:59"), (3600, "1h"), (20_400, "5h40m"), (-3, "0:00")],
)
def test_what_runs_against_a_limit_shows_its_seconds(seconds: float, text: str) -> None:
    assert ages.exact(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (38, "0:38"),
        (60, "1m"),
        (2_520, "42m"),
        (3_600, "1h"),
        (20_400, "5h40m"),
        (21_600, "6h"),
        (86_400, "1d"),
        (273_600, "3d4h"),
    ],
)
def test_where_nothing_happens_minutes_are_enough(seconds: float, text: str) -> None:
    assert ages.coarse(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(599, "9:59"), (600, "10m")])
def test_a_running_age_grows_coarse_at_ten_minutes(seconds: float, text: str) -> None:
    assert ages.running(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(4, "now"), (29, "20 s"), (59, "50 s"), (72, "1:12")])
def test_how_long_ago_changes_every_ten_seconds_at_most_while_that_is_normal(seconds: float, text: str) -> None:
    assert ages.ago(seconds) == text


def test_a_calm_age_changes_its_text_once_a_minute() -> None:
    assert len({ages.coarse(second) for second in range(60, 600)}) == 9


def test_times_of_day_are_utc() -> None:
    assert ages.time_of_day(14 * 3600 + 2 * 60 + 31.9) == "14:02:31Z"
