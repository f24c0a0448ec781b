"""Rows 19 to 21 and 28: who is stopped, when, and in what order."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_stopping.py"
_DRAINING = "core/domain/draining.py"
_DRAINER = "core/engine/drainer.py"
_REAPING = "core/domain/reaping.py"

MUTANTS = (
    Mutant(
        19,
        "surplus runners leave without a grace",
        (Edit(_DRAINING, " and waited >= limits.drain_grace:", ":"),),
        _SUITE,
        ("test_runners_whose_jobs_were_cancelled_leave_after_the_drain_grace",),
    ),
    Mutant(
        19,
        "surplus is drained below the floor",
        (Edit(_DRAINING, "spare = max(0, usable - (len(waiting) - len(idle)) - want)", "spare = len(idle)"),),
        _SUITE,
        ("test_surplus_is_never_drained_below_the_floor",),
    ),
    Mutant(
        19,
        "surplus is drained while an assigned job waits",
        (Edit(_DRAINING, "calm = age <= FRESH and statistics.assigned == statistics.running", "calm = age <= FRESH"),),
        _SUITE,
        ("test_nobody_is_drained_while_an_assigned_job_waits_for_a_runner",),
    ),
    Mutant(
        19,
        "surplus is drained on what GitHub said long ago",
        (Edit(_DRAINING, "calm = age <= FRESH and ", "calm = "),),
        _SUITE,
        ("test_nobody_is_drained_on_what_github_said_more_than_a_minute_ago",),
    ),
    Mutant(
        19,
        "a drained runner is stopped without a quiet window",
        (
            Edit(_DRAINER, " or now - runner.since < self._quiet_window:", ":"),
            Edit(_DRAINER, "if not self._heard(scaler.target, runner.since + self._quiet_window):", "if now < 0:"),
        ),
        _SUITE,
        (
            "test_a_drained_runner_that_leaves_by_itself_is_never_stopped",
            "test_a_drained_runner_that_does_not_leave_is_stopped_after_the_quiet_window",
        ),
    ),
    Mutant(
        20,
        "max runtime counts from the start of the task",
        (Edit(_REAPING, "        return runner.job_since\n", "        return runner.running_since\n"),),
        _SUITE,
        ("test_max_runtime_counts_from_the_start_of_the_job",),
    ),
    Mutant(
        20,
        "an idle runner is stopped for the max runtime of jobs",
        (Edit(_REAPING, "runtime_since(runner) if runner.phase in _RUNS_A_JOB else None", "runtime_since(runner)"),),
        _SUITE,
        ("test_an_idle_runner_is_not_stopped_for_the_max_runtime_of_jobs",),
    ),
    Mutant(
        20,
        "an idle runner has no limit",
        (Edit(_DRAINING, "if limits.idle > 0 and waited > limits.idle:", "if limits.idle < 0:"),),
        _SUITE,
        ("test_an_idle_runner_is_drained_after_its_own_limit_and_replaced",),
    ),
    Mutant(
        20,
        "a job found by a refused removal is as old as its task",
        (
            Edit(
                _REAPING,
                "if runner.phase is Phase.BUSY and not runner.assumed_busy:",
                "if runner.phase is Phase.ENDED:",
            ),
        ),
        _SUITE,
        ("test_a_job_found_by_its_refused_removal_has_its_whole_max_runtime",),
    ),
    Mutant(
        21,
        "a max runtime of zero stops every job",
        (Edit(_REAPING, "if since is None or limits.max_runtime <= 0 or", "if since is None or"),),
        _SUITE,
        ("test_a_max_runtime_of_zero_is_no_limit",),
    ),
    Mutant(
        21,
        "a negative duration is accepted",
        (Edit("core/config/values.py", "if seconds < 0:", "if seconds < -LONGEST:"),),
        _SUITE,
        ("test_a_negative_max_runtime_is_refused_before_anything_is_done",),
    ),
    Mutant(
        28,
        "GitHub's refusal to remove a runner that has a job is ignored",
        (Edit(_DRAINER, "            self._fleet.mark_busy(runner.name)\n", ""),),
        _SUITE,
        ("test_a_runner_that_takes_a_job_while_it_is_drained_is_busy_again",),
    ),
    Mutant(
        28,
        "a job that starts on a runner already removed is not heard",
        (
            Edit(
                "core/domain/runner.py",
                "Phase.DRAINING: frozenset({Phase.BUSY, ",
                "Phase.DRAINING: frozenset({",
            ),
        ),
        _SUITE,
        ("test_a_job_on_a_runner_removed_in_mid_job_makes_it_busy_in_the_quiet_window",),
    ),
    Mutant(
        28,
        "lists that call a busy runner idle are believed",
        (
            Edit(
                "core/engine/fleet.py",
                "if seen.assumed_busy and seen.presence.surely_idle",
                "if seen.presence.surely_idle",
            ),
        ),
        _SUITE,
        ("test_a_busy_runner_that_rest_calls_offline_and_idle_is_left_alone",),
    ),
    Mutant(
        28,
        "a surplus runner is stopped without being removed on GitHub first",
        (Edit(_DRAINER, "done = await self._deregistrar.remove(removal)", 'done = "stopped"'),),
        _SUITE,
        (
            "test_a_job_on_a_runner_removed_in_mid_job_makes_it_busy_in_the_quiet_window",
            "test_runners_whose_jobs_were_cancelled_leave_after_the_drain_grace",
        ),
    ),
    Mutant(
        28,
        "a removed runner is stopped though its queue has not been heard",
        (Edit(_DRAINER, "if not self._heard(scaler.target, runner.since + self._quiet_window):", "if now < 0:"),),
        _SUITE,
        ("test_the_quiet_window_lasts_until_the_queue_has_been_heard_beyond_it",),
    ),
)
