"""Whether all is well, in one line."""

import pytest
from rich.cells import cell_len

from core.api.model import RunnerState, Snapshot
from tests.tui.samples import CONTROLLER, NOW, fleet, runner, scale_set, snapshot, well
from tui import pulse
from tui.tones import Tone


def text(width: int, of: Snapshot | None = None) -> str:
    return "".join(span.text for span in pulse.strip(of or fleet(), NOW, width))


def test_all_is_well_when_nothing_asks_for_a_look() -> None:
    assert text(80, well()).startswith("● ALL WELL  have 2/2  ●1 busy  ○1 idle")


def test_trouble_is_counted_over_scale_sets_and_runners() -> None:
    assert pulse.strip(fleet(), NOW, 80)[0] == ("▲ 9 PROBLEMS", Tone.LATE)


def test_one_problem_is_not_called_problems() -> None:
    late = runner(state=RunnerState.PENDING, since=NOW - 290, limit=300.0)
    assert text(80, snapshot(runners=(late,))).startswith("▲ 1 PROBLEM  ")


def test_an_ailing_controller_is_a_problem_too() -> None:
    ill = CONTROLLER.model_copy(update={"sweep_failed": "AccessDenied", "journal": "the disk is full"})
    assert pulse.problems(snapshot(controller=ill), 0) == 2


def test_what_is_not_known_marks_the_sum() -> None:
    known, unknown = scale_set(want=3), scale_set("other", want=None)
    assert "have 0/3+?" in text(80, snapshot(scale_sets=(known, unknown)))


def test_runners_are_counted_by_what_they_do_and_again_by_what_presses() -> None:
    wide = text(300)
    for part in ("assigned 27+?  want 22+?  have 17", "●9 busy", "►6 starting", "▲1 overdue", "▲3 late", "?1 unready"):
        assert part in wide


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_the_strip_never_grows_wider_than_the_screen(width: int) -> None:
    assert cell_len(text(width)) < width


def test_where_room_is_short_the_verdict_and_the_late_ones_stay() -> None:
    short = text(60)
    assert "PROBLEMS" in short
    assert "overdue" in short
    assert "ending" not in short
