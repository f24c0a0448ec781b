"""Rows 29 to 31: starting, stopping, standing by and coming back."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_living.py"
_LISTENING = "test_listening.py"
_LOOP = "core/engine/scale_set_loop.py"
_LAUNCH = "core/engine/launch.py"
_SESSIONS = "core/engine/sessions.py"

MUTANTS = (
    Mutant(
        29,
        "the session stays open when the controller stops",
        (Edit(_LOOP, "await self._sessions.close(session)", "pass"),),
        _SUITE,
        ("test_a_controller_that_stops_deletes_its_session_and_nothing_else",),
    ),
    Mutant(
        29,
        "starts in flight are cut off when the controller stops",
        (Edit("core/engine/engine.py", "await services.starts.drain(STARTS_WITHIN)", "starts.cancel()"),),
        _SUITE,
        ("test_starts_in_flight_are_finished_and_not_made_again_by_the_successor",),
    ),
    Mutant(
        29,
        "starts that hang are not undone when the controller stops",
        (
            Edit(
                _LAUNCH,
                'self._undo(jit, "the controller shut down before its task was accepted", settles=not self._sent)',
                "pass",
            ),
        ),
        _SUITE,
        ("test_starts_that_hang_are_undone_and_their_jobs_are_served_by_the_successor",),
    ),
    Mutant(
        29,
        "a message in hand is dropped when the controller stops",
        (Edit("core/engine/listener.py", "await asyncio.wait({handling}, timeout=FINISH_WITHIN)", "pass"),),
        _SUITE,
        ("test_a_message_in_hand_is_handled_and_acknowledged",),
    ),
    Mutant(
        29,
        "a session that was being opened when the controller stopped is left",
        (Edit(_SESSIONS, "await self._delete(opening.result())", "pass"),),
        _SUITE,
        ("test_a_session_that_is_being_opened_is_deleted_all_the_same",),
    ),
    Mutant(
        29,
        "deleting a session may take for ever",
        (Edit(_SESSIONS, "asyncio.timeout(CLOSE_WITHIN)", "asyncio.timeout(None)"),),
        _SUITE,
        ("test_everything_that_hangs_is_left_after_ten_seconds",),
    ),
    Mutant(
        30,
        "a session conflict ends the loop's life",
        (Edit(_SESSIONS, "await self._stand_by(conflict)", "raise"),),
        _LISTENING,
        ("test_the_session_of_a_killed_predecessor_is_waited_out",),
    ),
    Mutant(
        30,
        "a standby does not look at ECS before it acts",
        (Edit(_LOOP, "await self._look()", "pass"),),
        _SUITE,
        (
            "test_a_standby_takes_over_when_the_first_stops_and_starts_nothing_again",
            "test_a_standby_that_cannot_see_ecs_starts_nothing_when_the_session_becomes_its_own",
        ),
    ),
    Mutant(
        30,
        "the way back is as short as ever, however often the session is lost",
        (
            Edit(
                _LOOP,
                "            failures += 1\n            wait = backoff.step(backoff.RECONNECT_SCHEDULE",
                "            failures = 1\n            wait = backoff.step(backoff.RECONNECT_SCHEDULE",
            ),
        ),
        _SUITE,
        ("test_the_way_back_takes_longer_each_time_the_session_is_lost",),
    ),
    Mutant(
        30,
        "a healthy stretch does not shorten the way back",
        (Edit(_LOOP, "if self._was_healthy:", "if failures < 0:"),),
        _SUITE,
        ("test_after_a_healthy_stretch_the_way_back_is_short_again",),
    ),
    Mutant(
        30,
        "a session that could not be deleted is forgotten",
        (Edit(_SESSIONS, "            self._undeleted = session\n", ""),),
        _SUITE,
        ("test_a_short_outage_of_github_does_not_make_us_wait_for_our_own_session",),
    ),
    Mutant(
        31,
        "a scale set that failed once is dead until a restart",
        (
            Edit(
                _LOOP,
                "            reason = await self._live()\n",
                "            reason = await self._live()\n            self._degrade(reason, 0)\n"
                "            await asyncio.Event().wait()\n",
            ),
        ),
        _SUITE,
        (
            "test_a_scale_set_whose_creation_fails_at_first_is_served_later",
            "test_a_scale_set_deleted_under_us_is_created_again_and_served",
            "test_a_definition_that_could_not_be_registered_at_first_is_registered_later",
        ),
    ),
)
