"""Rows 1 to 6: what ECS shows late, in part, oddly or not at all."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_seeing.py"
_ECS = "core/adapters/aws/ecs.py"
_FLEET = "core/engine/fleet.py"
_WATCHER = "core/engine/watcher.py"
_PROJECTION = "core/adapters/aws/projection.py"
_REAPING = "core/domain/reaping.py"

MUTANTS = (
    Mutant(
        1,
        "the first page of ListTasks is taken for the whole list",
        (Edit(_ECS, "if not token:", "if arns:"),),
        _SUITE,
        (
            "test_250_tasks_in_3_scale_sets_are_all_adopted_and_none_is_replaced",
            "test_a_stuck_task_on_the_third_page_is_stopped",
        ),
    ),
    Mutant(
        1,
        "only the first hundred tasks are described",
        (Edit(_ECS, "for first in range(0, len(wanted), BATCH)]", "for first in (0,)]"),),
        _SUITE,
        ("test_250_tasks_in_3_scale_sets_are_all_adopted_and_none_is_replaced",),
    ),
    Mutant(
        1,
        "a batch of DescribeTasks that failed is left out of a look that counts as complete",
        (
            Edit(
                _ECS,
                "        raise first from first.__cause__\n",
                "        return [task.result() for task in tasks if not (task.cancelled() or task.exception())]\n",
            ),
        ),
        _SUITE,
        ("test_a_start_without_a_complete_look_waits_for_one",),
    ),
    Mutant(
        2,
        "a task that was started a moment ago and is not shown is gone",
        (Edit(_REAPING, "now - first_missed >= MISSING_APART and not young", "now - first_missed >= MISSING_APART"),),
        _SUITE,
        ("test_a_task_whose_runner_works_before_ecs_shows_it_is_started_once",),
    ),
    Mutant(
        2,
        "one look that misses a task proves that it is gone",
        (Edit(_REAPING, "now - first_missed >= MISSING_APART and not young", "not young"),),
        _SUITE,
        ("test_a_busy_runner_whose_task_is_missing_in_one_look_is_kept",),
    ),
    Mutant(
        2,
        "a start that ECS accepted just before a restart is not recalled",
        (Edit("core/engine/recovery.py", "(*accepted_starts(newest), *intents)", "intents"),),
        _SUITE,
        (
            "test_a_restart_before_a_started_task_is_listed_starts_no_second_one",
            "test_a_restart_while_lists_leave_out_an_idle_runner_of_ten_minutes_starts_no_second_one",
        ),
    ),
    Mutant(
        3,
        "a task that has left the list of running ones is not asked for",
        (Edit(_WATCHER, "[*listed, *sorted(left)]", "listed"),),
        _SUITE,
        ("test_a_task_whose_host_is_lost_leaves_its_stop_code_reason_and_job_and_no_registration",),
    ),
    Mutant(
        3,
        "tasks that stopped while nobody watched are not looked for at start",
        (Edit("core/engine/engine.py", "await self._services.watcher.read_stopped()", "pass"),),
        _SUITE,
        ("test_a_task_that_stopped_while_nobody_watched_leaves_its_reason_and_no_registration",),
    ),
    Mutant(
        3,
        "a task that StopTask took the tags from is nobody's",
        (Edit(_PROJECTION, "tagged.get(tags.CONTROLLER) or _starter(raw)", "tagged.get(tags.CONTROLLER)"),),
        _SUITE,
        ("test_a_task_that_somebody_stopped_while_nobody_watched_leaves_no_registration_though_its_tags_are_gone",),
    ),
    Mutant(
        3,
        "an end is told again after each restart",
        (Edit(_WATCHER, " and not self._told(task):", ":"),),
        _SUITE,
        ("test_an_end_is_told_once_however_often_the_controller_restarts",),
    ),
    Mutant(
        3,
        "the registration of a task that stopped is left on GitHub",
        (
            Edit(
                "core/engine/endings.py",
                'self._deregistrar.request(runner.name, runner.scale_set, runner.runner_id, "its task has stopped")',
                "return",
            ),
        ),
        _SUITE,
        ("test_a_task_that_stopped_while_nobody_watched_leaves_its_reason_and_no_registration",),
    ),
    Mutant(
        4,
        "each scale set looks at the cluster for itself",
        (
            Edit(
                "core/engine/reaper.py",
                "                await self.sweep()\n",
                "                for name in tuple(self._targets):\n                    await self.sweep(name)\n",
            ),
        ),
        _SUITE,
        ("test_what_is_asked_of_ecs_does_not_depend_on_the_number_of_scale_sets",),
    ),
    Mutant(
        5,
        "a task may be PROVISIONING for ever",
        (Edit(_REAPING, "return limits.provisioning", "return None"),),
        _SUITE,
        ("test_a_task_stuck_on_its_way_up_is_stopped_after_the_limit_of_that_state_and_replaced",),
    ),
    Mutant(
        5,
        "every scale set is judged by the limits of the first",
        (
            Edit(
                "core/engine/reaper.py",
                "stop_reason(runner, target.spec.limits,",
                "stop_reason(runner, next(iter(self._targets.values())).spec.limits,",
            ),
        ),
        _SUITE,
        ("test_each_scale_set_has_limits_of_its_own",),
    ),
    Mutant(
        6,
        "an answer without the member that was asked for counts as an empty one",
        (Edit("core/adapters/aws/calls.py", "raise UnreadableAnswerError", 'answer = {"taskArns": [], "tasks": []}'),),
        _SUITE,
        ("test_a_look_that_was_not_answered_with_what_it_asked_for_has_failed_and_says_so",),
    ),
    Mutant(
        6,
        "a task of which ECS says nothing at all counts as missing",
        (Edit(_FLEET, " or runner.task_arn not in absent:", ":"),),
        _SUITE,
        ("test_a_task_that_ecs_neither_shows_nor_denies_is_still_there",),
    ),
    Mutant(
        6,
        "a status that nobody knows is the end of a task",
        (
            Edit(
                _PROJECTION,
                '_text(raw, "lastStatus"), TaskStatus.UNKNOWN)',
                '_text(raw, "lastStatus"), TaskStatus.STOPPED)',
            ),
        ),
        _SUITE,
        ("test_a_task_that_is_described_oddly_is_a_live_task",),
    ),
)
