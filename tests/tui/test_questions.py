"""What is asked before something is changed, and the command that a yes sends."""

from __future__ import annotations

from typing import Any

import pytest

from core.api.commands import Command, DeregisterRunner, StopTask, SweepNow
from core.api.model import BackoffView, JobView, RunnerState, ScaleSetState, Snapshot
from tests.tui.samples import HOUR, MINUTE, NOW, fleet, runner, scale_set, snapshot
from tui.preview import Preview, Stage
from tui.questions import Question, Target, deregister, stop, sweep

WHO = "alice from 10.4.2.17"
JOB = JobView(id="job-17", repository="acme/api", workflow="release", name="deploy")


def words(question: Question) -> str:
    return "\n".join("".join(span.text for span in line) for line in question.lines)


def one(commands: tuple[Command, ...]) -> Command:
    (command,) = commands
    return command


def stopping(around: Snapshot | None = None, *, just_came: bool = False, **fields: Any) -> Question:
    target = Target(runner(**fields), just_came=just_came)
    return stop(target, around or snapshot(), NOW, WHO)


def test_the_question_names_the_call_the_cluster_and_who_asks() -> None:
    assert words(stopping()).startswith("ECS StopTask on ci-prod, as alice from 10.4.2.17\n")


def test_the_title_and_the_button_say_what_and_how_many() -> None:
    assert (stopping().title, stopping().verb) == ("Stop 1 runner", "Stop 1")


def test_a_busy_runner_names_its_job_and_says_that_it_fails() -> None:
    question = stopping(state=RunnerState.BUSY, since=NOW - 5 * HOUR, job=JOB)
    assert "BUSY 5h  runner-small-plain-5a90d3e7\n   acme/api · release · deploy\n   THIS JOB FAILS" in words(question)


def test_a_busy_runner_has_to_be_typed_and_its_job_is_confirmed() -> None:
    question = stopping(state=RunnerState.BUSY, job=JOB)
    assert question.phrase == "stop 1"
    assert one(question.commands(lambda: "c1", "hung")) == StopTask(
        id="c1",
        runner="runner-small-plain-5a90d3e7",
        seen_state=RunnerState.BUSY,
        confirm_job="job-17",
        reason="hung",
    )


def test_a_runner_that_may_be_busy_has_to_be_typed_too_and_is_confirmed_by_its_own_name() -> None:
    question = stopping(state=RunnerState.ASSUMED_BUSY)
    assert question.phrase == "stop 1"
    assert "A JOB MAY FAIL" in words(question)
    command = one(question.commands(lambda: "c1", ""))
    assert isinstance(command, StopTask)
    assert command.confirm_job == "runner-small-plain-5a90d3e7"


def test_an_idle_runner_needs_no_phrase_and_confirms_no_job() -> None:
    question = stopping()
    assert question.phrase == ""
    assert one(question.commands(lambda: "c1", "")) == StopTask(
        id="c1", runner="runner-small-plain-5a90d3e7", seen_state=RunnerState.IDLE, confirm_job=None
    )


def test_a_pending_runner_says_when_the_sweep_would_stop_it_anyway() -> None:
    question = stopping(state=RunnerState.PENDING, since=NOW - 231, limit=300.0)
    assert "the sweep stops it anyway in 1:09" in words(question)


def test_what_happens_next_is_told_with_numbers() -> None:
    around = snapshot(scale_sets=(scale_set(want=2, busy=1, idle=1),))
    assert "runner-small-plain wants 2 and then has 1: a replacement starts." in words(stopping(around))


def test_no_replacement_is_promised_where_none_is_wanted() -> None:
    around = snapshot(scale_sets=(scale_set(want=1, busy=1, idle=1),))
    assert "wants 1 and then has 1: no replacement." in words(stopping(around))


def test_a_replacement_waits_for_the_backoff() -> None:
    closed = BackoffView(placement="EXTERNAL", failures=3, since=NOW, until=NOW + 47, reason="RESOURCE:CPU")
    around = snapshot(scale_sets=(scale_set(want=2, idle=1, state=ScaleSetState.BACKOFF, backoff=closed),))
    assert "a replacement waits for the backoff, due in 0:47." in words(stopping(around))


def test_a_row_that_just_came_under_the_cursor_is_pointed_out() -> None:
    assert "It came under the cursor just now" in words(stopping(just_came=True))


def test_a_target_that_ended_is_struck_out_and_cannot_be_stopped() -> None:
    target = Target(runner())
    target.look(snapshot())
    question = stop(target, snapshot(), NOW, WHO)
    assert not question.possible
    assert "is gone; there is nothing left to do" in words(question)


def test_the_target_is_followed_by_name() -> None:
    target = Target(runner())
    target.look(snapshot(runners=(runner("another"), runner(state=RunnerState.BUSY, job=JOB))))
    assert stop(target, snapshot(), NOW, WHO).phrase == "stop 1"


def test_a_runner_that_looks_online_is_deregistered_only_by_a_phrase() -> None:
    question = deregister(Target(runner(online=True)), snapshot(), NOW, WHO)
    assert question.phrase == "deregister 1"
    assert one(question.commands(lambda: "c2", "")) == DeregisterRunner(
        id="c2", runner="runner-small-plain-5a90d3e7", seen_state=RunnerState.IDLE
    )


def test_an_offline_runner_is_deregistered_by_a_key() -> None:
    question = deregister(Target(runner(online=False, since=NOW - MINUTE)), snapshot(), NOW, WHO)
    assert question.phrase == ""
    assert "GitHub removes it from https://github.com/acme" in words(question)


def test_a_sweep_without_a_preview_says_what_is_over_its_limit() -> None:
    question = sweep(Preview(Stage.NEVER), fleet(), NOW, WHO)
    assert "Over their limit now: 1\n   runner-large-docker-a11ce004" in words(question)
    assert "The next sweep is due in 0:09" in words(question)
    assert one(question.commands(lambda: "c3", "")) == SweepNow(id="c3")


def test_a_sweep_that_would_stop_runners_counts_and_lists_them_with_the_reasons() -> None:
    preview = Preview(Stage.TOLD, ("a-1: late", "b-2: later: much"), runners=23, at=NOW - 7)
    question = sweep(preview, fleet(), NOW, WHO)
    assert question.title == "Sweep all scale sets: 2 of 23 runners would be stopped"
    assert question.verb == "Sweep, stop 2"
    assert "ECS was read 0:07 ago" in words(question)
    assert ["".join(span.text for span in line) for line in question.listed] == ["a-1: late", "b-2: later: much"]


def test_a_sweep_with_nothing_to_stop_says_so_and_can_be_done_all_the_same() -> None:
    question = sweep(Preview(Stage.TOLD, runners=23, at=NOW), fleet(), NOW, WHO)
    assert "There is nothing to stop. Sweep all the same?" in words(question)
    assert (question.verb, question.possible) == ("Sweep all the same", True)


@pytest.mark.parametrize("stage", [Stage.ASKED, Stage.FAILED])
def test_a_sweep_cannot_be_agreed_to_while_nothing_is_known_of_it(stage: Stage) -> None:
    assert not sweep(Preview(stage, said="why"), fleet(), NOW, WHO).possible
