"""Rows 8 to 11, 13 and 14: one name, one registration, one task; and who waits for what."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_starting.py"
_LAUNCH = "core/engine/launch.py"
_RECOVERY = "core/engine/recovery.py"
_BACKOFF = "core/domain/backoff.py"
_FAILURES = "core/domain/failures.py"
_ENDINGS = "core/engine/endings.py"

MUTANTS = (
    Mutant(
        8,
        "the registration of a refused start is left on GitHub",
        (Edit(_LAUNCH, "            self._unregister(why, jit.runner_id, settles=settles)\n", ""),),
        _SUITE,
        ("test_the_registration_of_a_refused_start_is_removed_at_once",),
    ),
    Mutant(
        8,
        "a removal that failed is not tried again",
        (Edit("core/engine/deregistrar.py", "self._again(removal, wait)", "self._waiting.pop(removal.name, None)"),),
        _SUITE,
        ("test_a_removal_that_fails_is_tried_until_it_is_done",),
    ),
    Mutant(
        8,
        "what a restart found unsettled is not settled",
        (Edit(_RECOVERY, "            self._settle(intent)\n", "            continue\n"),),
        _SUITE,
        ("test_a_removal_that_has_not_succeeded_at_a_restart_is_done_after_it",),
    ),
    Mutant(
        9,
        "starts are made one after another",
        (Edit("core/engine/starts.py", "in range(self._concurrency):", "in range(1):"),),
        _SUITE,
        ("test_50_starts_are_under_way_20_at_a_time_while_polls_and_job_messages_are_handled",),
    ),
    Mutant(
        9,
        "a scale set's crowd is served before anybody else's start",
        (
            Edit(
                "core/engine/fair_queue.py",
                "self._waiting[key] = queue",
                "self._waiting = {key: queue, **self._waiting}",
            ),
        ),
        _SUITE,
        ("test_one_scale_sets_crowd_does_not_hold_back_anothers_start",),
    ),
    Mutant(
        10,
        "starts that fail for good are not counted",
        (Edit(_LAUNCH, "        self._services.gates.failed(self._target, error)\n", ""),),
        _SUITE,
        ("test_three_permanent_errors_block_a_scale_set_which_shows_why_and_tries_once_in_five_minutes",),
    ),
    Mutant(
        10,
        "the breaker rests for a second",
        (Edit(_BACKOFF, "REST = 300.0\n\n    failures", "REST = 1.0\n\n    failures"),),
        _SUITE,
        ("test_a_burst_of_jobs_makes_one_try_in_five_minutes_too",),
    ),
    Mutant(
        10,
        "tasks that die before they serve are not counted",
        (Edit(_ENDINGS, "self._gates.died(target, _death(task))", "return"),),
        _SUITE,
        ("test_tasks_whose_runner_version_is_refused_open_the_breaker_which_says_so",),
    ),
    Mutant(
        11,
        "a class of placement is one size only",
        (Edit("core/domain/placement.py", "request.cpu >= self.cpu", "request.cpu == self.cpu"),),
        _SUITE,
        ("test_a_refusal_closes_its_class_of_placement_for_all_scale_sets_in_it",),
    ),
    Mutant(
        11,
        "every scale set probes a closed class for itself",
        (
            Edit(
                "core/engine/placements.py",
                "            self._closed[place] = state.probe()\n",
                "            continue\n",
            ),
        ),
        _SUITE,
        ("test_scale_sets_that_share_a_full_provider_send_one_probe_between_them",),
    ),
    Mutant(
        11,
        "nothing is decided when a gate opens by the clock",
        (Edit("core/engine/scaler.py", "opening = self._gates.next_opening(self.target)", "return 3_600.0"),),
        _SUITE,
        ("test_a_deferred_start_is_made_when_its_wait_is_over_though_nobody_polls",),
    ),
    Mutant(
        11,
        "a task that ECS accepted and found no room for tells nothing",
        (Edit(_ENDINGS, "self._found_no_room(target, after.task, after.accepted_at)", "return"),),
        _SUITE,
        ("test_a_task_that_fails_to_start_for_want_of_room_closes_the_class",),
    ),
    Mutant(
        11,
        "an accepted RunTask shows that there is room where ECS says so later",
        (Edit(_BACKOFF, "until=now + ACCEPTED_REST) if self.late else None", "until=now) if not now else None"),),
        _SUITE,
        ("test_a_provider_that_accepts_tasks_and_never_finds_room_for_them_is_asked_ever_less",),
    ),
    Mutant(
        13,
        "AGENT is found inside other words",
        (Edit(_FAILURES, '_word("AGENT")', '_phrase("AGENT")'),),
        _SUITE,
        ("test_each_reason_for_which_ecs_starts_no_task_ends_in_its_class",),
    ),
    Mutant(
        13,
        "the texts of quotas are not known",
        (Edit(_FAILURES, '_phrase("limit on the number of")', '_phrase("no such limit")'),),
        _SUITE,
        (
            "test_each_reason_for_which_ecs_starts_no_task_ends_in_its_class",
            "test_each_error_that_ecs_refuses_a_start_with_ends_in_its_class",
        ),
    ),
    Mutant(
        14,
        "a start that was sent, and given up at a shutdown, is over",
        (Edit("core/engine/launch.py", "settles=not self._sent", "settles=True"),),
        _SUITE,
        ("test_a_start_that_ecs_takes_up_after_an_ordered_shutdown_still_counts",),
    ),
    Mutant(
        14,
        "a RunTask that was not answered has failed",
        (
            Edit(
                _LAUNCH,
                "except (Unavailable, TransientCapacityError) as error:",
                "except TransientCapacityError as error:",
            ),
        ),
        _SUITE,
        ("test_a_start_whose_answer_is_lost_is_one_task",),
    ),
    Mutant(
        14,
        "a repeated RunTask has another client token",
        (
            Edit(
                "core/adapters/aws/requests.py",
                '"clientToken": start.client_token,',
                '"clientToken": f"{id(object())}-{__import__(\'time\').monotonic_ns()}",',
            ),
        ),
        _SUITE,
        ("test_a_start_whose_answer_is_lost_is_one_task",),
    ),
    Mutant(
        14,
        "a start that was under way at a crash keeps no slot",
        (Edit(_RECOVERY, "(*accepted_starts(newest), *intents)", "accepted_starts(newest, young)"),),
        _SUITE,
        ("test_after_a_crash_a_start_whose_task_is_not_listed_yet_is_not_made_twice",),
    ),
    Mutant(
        17,
        "a full provider is waited for, whatever others there are",
        (
            Edit(
                "core/domain/placement.py",
                'spec.placement.capacity_providers or ("",)',
                'spec.placement.capacity_providers[:1] or ("",)',
            ),
        ),
        "test_fallback.py",
        ("test_while_the_first_is_full_starts_go_to_the_next_and_then_back",),
    ),
    Mutant(
        18,
        "a budget is read and not obeyed",
        (
            Edit(
                "core/engine/gates.py",
                "narrowest((self._of_state(target), self.budgets.gate(target)))",
                "self._of_state(target)",
            ),
        ),
        "test_budgets.py",
        ("test_a_burst_of_all_its_scale_sets_stays_within_the_budget_and_is_served",),
    ),
    Mutant(
        18,
        "who has most of a budget takes what becomes free",
        (Edit("core/domain/budget.py", "taken - kept", "taken"),),
        "test_budgets.py",
        ("test_one_that_needs_much_is_not_starved_by_those_that_need_little",),
    ),
    Mutant(
        18,
        "only the number of runners counts against a budget",
        (Edit("core/domain/budget.py", "lambda held: held.memory", "lambda _: 0"),),
        "test_budgets.py",
        ("test_what_runners_need_counts_not_only_how_many_there_are",),
    ),
    Mutant(
        18,
        "a changed budget holds after a restart only",
        (Edit("core/engine/reload.py", "        self._budgets.revise(reading.budgets)\n", ""),),
        "test_budgets.py",
        ("test_a_budget_that_is_lowered_stops_nobody_and_holds_from_then_on",),
    ),
)
