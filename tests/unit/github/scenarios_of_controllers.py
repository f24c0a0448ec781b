"""What the tests of listeners and of ecs-arc exercise, row by row, and where it is exercised here.

The rows are those of github-scale-set-api.md, Appendix B.4 (the listener of GitHub's library, and of ARC before it) and
B.5 (ecs-arc). They read as those of ``scenarios.py``.
"""

from typing import Final

from tests.unit.github.scenario import row

DECODE: Final = "tests/unit/github/test_decode.py"
SESSION: Final = "tests/unit/github/test_session.py"
CLEANING: Final = "tests/integration/faults/test_cleaning.py"
DEREGISTRAR: Final = "tests/unit/engine/test_deregistrar.py"
LISTENER: Final = "tests/unit/engine/test_listener.py"
LOOP: Final = "tests/unit/engine/test_scale_set_loop.py"
PLACEMENTS: Final = "tests/unit/engine/test_placements.py"
REAPER: Final = "tests/unit/engine/test_reaper.py"
REAPING: Final = "tests/unit/domain/test_reaping.py"
REGISTRATIONS: Final = "tests/unit/engine/test_registrations.py"
REMOVING: Final = "tests/integration/faults/test_removing.py"
SCALER: Final = "tests/unit/engine/test_scaler.py"
SCALE_SET: Final = "tests/unit/domain/test_scale_set.py"
SHUTDOWN: Final = "tests/unit/engine/test_shutdown.py"

#: B.4, the listener of the library, and of ARC before it.
THE_LISTENER: Final = (
    row(
        "B.4",
        "a configuration that cannot work",
        ("tests/unit/config/test_rules.py", "more_runners_at_least_than_at_most_are_refused"),
        (SESSION, "the_capacity_told_is_a_number_that_github_can_hold"),
    ),
    row(
        "B.4",
        "cancelled while the first statistics are handled: no poll",
        (SHUTDOWN, "with_nothing_in_hand_it_ends_at_once"),
        (SHUTDOWN, "a_poll_is_dropped_at_once"),
    ),
    row(
        "B.4",
        "cancelled with a message in hand: it is handled and acknowledged",
        (SHUTDOWN, "it_is_handled_and_acknowledged"),
        ruled="behaviour.md row 32: handled, then acknowledged",
    ),
    row(
        "B.4",
        "opening fails, is cancelled, meets a conflict",
        (LOOP, "a_session_that_ends_is_opened_again_after_5_15_30_60_60_seconds"),
        (LOOP, "a_conflict_is_retried_calmly_for_as_long_as_it_takes"),
        (LOOP, "only_shutdown_ends_the_loop"),
    ),
    row(
        "B.4",
        "get, delete, acquire: well, refreshed, not to be refreshed",
        (SESSION, "a_refused_queue_token_is_refreshed_and_the_poll_repeated"),
        (SESSION, "a_session_that_cannot_be_refreshed_any_more_is_gone"),
        (SESSION, "an_acknowledgement_is_repeated_after_a_refresh"),
        (SESSION, "acquiring_is_repeated_after_a_refresh"),
    ),
    row(
        "B.4",
        "a message without statistics, of a wrong type, of each known kind",
        (SCALER, "a_message_without_statistics_leaves_githubs_last_word_in_force"),
        (DECODE, "a_message_that_cannot_be_read_can_be_acknowledged"),
        (DECODE, "one_message_holds_all_four_kinds_and_skips_the_unknown"),
        ruled="github-scale-set-api.md V23: a message without statistics is a message",
    ),
)

#: B.5, ecs-arc.
ECS_ARC: Final = (
    row(
        "B.5",
        "a listener that fails is called again, each time later",
        (LOOP, "a_session_that_ends_is_opened_again_after_5_15_30_60_60_seconds"),
    ),
    row(
        "B.5",
        "cancelled in mid session, or while waiting",
        (LOOP, "only_shutdown_ends_the_loop"),
        (SHUTDOWN, "a_poll_is_dropped_at_once"),
    ),
    row("B.5", "the marker label is added once", (SCALE_SET, "a_label_is_given_once_however_often_it_is_asked_for")),
    row(
        "B.5",
        "orphans: marked and undesired only, of our prefix, nothing on a failed list",
        (REMOVING, "a_removed_scale_set_drains_and_then_goes"),
        (REMOVING, "a_renamed_prefix_removes_nothing_until_somebody_agrees"),
        (LOOP, "one_that_is_not_ours_is_never_touched"),
        ruled="behaviour.md rows 22 to 24: a controller's id marks what is ours, and a mass removal waits for a person",
    ),
    row(
        "B.5",
        "a removed family goes when it is marked",
        (REMOVING, "a_removed_scale_set_drains_and_then_goes"),
        (REMOVING, "one_with_a_busy_runner_waits_for_a_confirmation_and_its_job_ends_well"),
    ),
    row(
        "B.5",
        "desired count: what is missing, between min and max",
        (SCALER, "a_message_starts_the_assigned_jobs_between_min_and_max"),
        (SCALER, "only_the_difference_to_what_is_tracked_is_started"),
    ),
    row(
        "B.5",
        "a started job makes busy, a completed one is done with",
        (LISTENER, "a_started_job_makes_its_runner_busy_and_is_in_the_journal"),
        (LISTENER, "a_completed_job_makes_its_runner_done_and_is_in_the_journal"),
    ),
    row(
        "B.5",
        "removal after a completed job: done, not found, still running, another failure",
        (DEREGISTRAR, "a_completed_job_deregisters_its_runner_at_once_by_the_id_of_the_message"),
        (DEREGISTRAR, "a_registration_that_is_gone_already_counts_as_done"),
        (DEREGISTRAR, "a_runner_whose_job_still_runs_is_left_alone_and_logged"),
        (DEREGISTRAR, "another_failure_is_a_warning_and_tried_again"),
    ),
    row(
        "B.5",
        "no room: backoff of 15, 30, 60, 120 and 300 s, a success resets it",
        (PLACEMENTS, "refusals_in_a_row_wait_15_30_60_120_300_300_seconds"),
        (PLACEMENTS, "each_wait_has_a_uniform_jitter_of_20_percent"),
        (PLACEMENTS, "a_success_resets_the_count"),
        ruled="behaviour.md row 11: the backoff is that of a class of placement, not of a scale set",
    ),
    row(
        "B.5",
        "offline runners: two ticks, nothing on a failed list, not the young, foreign or busy",
        (REGISTRATIONS, "a_runner_offline_for_an_hour_with_no_task_is_deregistered"),
        (REGISTRATIONS, "a_failed_list_deletes_nothing_and_forgets_nothing"),
        (REGISTRATIONS, "a_foreign_registration_is_left_alone"),
        (REGISTRATIONS, "a_runner_that_is_busy_is_left_alone"),
        (REAPING, "a_runner_offline_for_less_than_an_hour_is_no_ghost"),
        (CLEANING, "the_age_of_a_ghost_survives_a_restart_and_the_sweep_comes_at_the_start"),
        ruled="behaviour.md row 26: what is remembered outlasts a restart, so that two ticks are not needed again",
    ),
    row(
        "B.5",
        "reaper: old starts and runs are stopped, stopped ones deregistered once, the unmarked left alone",
        (REAPER, "a_task_pending_past_the_timeout_is_stopped_at_the_next_sweep_with_the_seeds_words"),
        (REAPER, "a_task_running_past_max_runtime_is_stopped_with_the_seeds_words"),
        (REAPER, "a_stopped_task_is_forgotten"),
        (DEREGISTRAR, "a_stopped_task_has_its_runner_deregistered_by_the_id_of_its_start"),
        (DEREGISTRAR, "a_runner_is_not_deregistered_twice"),
        (DEREGISTRAR, "a_task_whose_runner_name_cannot_be_known_asks_nothing_of_github"),
    ),
)
