"""Rows 7, 12, 15 and 16: who takes a slot, who is counted on, and what GitHub is told."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_counting.py"
_ADOPTION = "core/engine/adoption.py"
_FLEET = "core/engine/fleet.py"
_LISTENER = "core/engine/listener.py"
_SCALING = "core/domain/scaling.py"

MUTANTS = (
    Mutant(
        7,
        "tasks of an earlier controller are not adopted",
        (
            Edit(
                "core/engine/watcher.py",
                "                self._adopt(task, owner, name)\n",
                "                continue\n",
            ),
        ),
        _SUITE,
        ("test_on_another_host_six_busy_runners_are_assumed_busy_and_none_is_started_anew",),
    ),
    Mutant(
        7,
        "adopted runners are not assumed busy",
        (Edit(_ADOPTION, "if task.status.starting else Phase.BUSY", "if task.status.starting else Phase.IDLE"),),
        _SUITE,
        ("test_on_another_host_six_busy_runners_are_assumed_busy_and_none_is_started_anew",),
    ),
    Mutant(
        7,
        "the jobs in the journal are forgotten at a restart",
        (Edit("core/engine/recovery.py", "self.jobs = unfinished_jobs(newest)", "self.jobs = {}"),),
        _SUITE,
        ("test_after_a_restart_six_busy_runners_are_known_to_be_busy_and_none_is_started_anew",),
    ),
    Mutant(
        7,
        "three lists within two minutes show that an adopted runner is idle",
        (Edit("core/domain/presence.py", "IDLE_FOR = 300.0", "IDLE_FOR = 0.0"),),
        _SUITE,
        ("test_an_idle_runner_on_another_host_is_known_to_be_idle_after_three_looks_over_five_minutes",),
    ),
    Mutant(
        12,
        "the maximum is advertised while there is no room",
        (
            Edit(
                _SCALING,
                "return min(bounds.maximum, supply.occupied + max(gate.allow, gate.listens_for))",
                "return bounds.maximum",
            ),
        ),
        _SUITE,
        (
            "test_the_advertised_capacity_falls_while_there_is_no_room_and_comes_back_with_the_first_success",
            "test_github_assigns_no_more_jobs_while_there_is_no_room",
        ),
    ),
    Mutant(
        12,
        "a capacity that has changed is told with the next poll only",
        (Edit(_LISTENER, "await self._scaler.capacity_changed()", "await asyncio.Event().wait()"),),
        _SUITE,
        ("test_the_advertised_capacity_falls_while_there_is_no_room_and_comes_back_with_the_first_success",),
    ),
    Mutant(
        15,
        "a task that ends takes no slot",
        (Edit(_SCALING, "return self.usable + self.ending", "return self.usable"),),
        _SUITE,
        ("test_a_full_scale_set_waits_until_a_finished_task_has_stopped",),
    ),
    Mutant(
        15,
        "a runner whose job is over is counted on for the next one",
        (
            Edit(
                _SCALING,
                "self.starting + self.idle + self.busy",
                "self.starting + self.idle + self.busy + self.finishing",
            ),
        ),
        _SUITE,
        ("test_below_the_maximum_a_new_job_need_not_wait_for_a_finished_task",),
    ),
    Mutant(
        15,
        "a slot whose task never stops is taken for ever",
        (Edit(_SCALING, " and now - runner.since > release_after", " and now < 0"),),
        _SUITE,
        ("test_a_slot_whose_task_never_stops_is_given_away_after_slot_release_after_and_it_is_said",),
    ),
    Mutant(
        16,
        "a job on a runner that we do not know is ignored",
        (
            Edit(
                _FLEET,
                "runner = Runner(name, scale_set, Phase.BUSY, now, runner_id=message.runner_id or None, adopted=True)",
                "return None",
            ),
        ),
        _SUITE,
        ("test_a_job_on_an_unknown_runner_makes_it_busy_and_nothing_is_started_for_it",),
    ),
    Mutant(
        16,
        "jobs are counted before the runner that one of them started on is known",
        (
            Edit(
                _LISTENER,
                "        for started in message.of(JobMessageKind.STARTED):\n",
                "        if message.statistics is not None:\n"
                "            self._scaler.on_statistics(message.statistics)\n"
                "        for started in message.of(JobMessageKind.STARTED):\n",
            ),
        ),
        _SUITE,
        ("test_a_job_on_an_unknown_runner_makes_it_busy_and_nothing_is_started_for_it",),
    ),
    Mutant(
        16,
        "a runner known by its job alone never lapses",
        (Edit(_FLEET, 'absent = {"", *look.missing}', "absent = {*look.missing}"),),
        _SUITE,
        ("test_an_unknown_runner_lapses_after_two_complete_looks_without_a_task",),
    ),
)
