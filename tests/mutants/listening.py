"""Rows 30 and 32 to 34: what is heard from GitHub, how late, how often and how wrong."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_listening.py"
_LISTENER = "core/engine/listener.py"
_FLEET = "core/engine/fleet.py"
_TRANSPORT = "core/adapters/github/transport.py"

MUTANTS = (
    Mutant(
        32,
        "a message is acknowledged although its offers were not claimed",
        (Edit(_LISTENER, "            raise refusal\n", "            pass\n"),),
        _SUITE,
        ("test_offers_that_could_not_be_claimed_are_claimed_later",),
    ),
    Mutant(
        32,
        "a message is acknowledged before it is handled",
        (
            Edit(
                _LISTENER,
                "        for started in message.of(JobMessageKind.STARTED):\n",
                "        self._unacknowledged.add(message.id)\n"
                "        await self._retry_acknowledgements()\n"
                "        for started in message.of(JobMessageKind.STARTED):\n",
            ),
        ),
        _SUITE,
        ("test_a_message_that_is_being_acknowledged_when_we_are_killed_is_not_lost",),
    ),
    Mutant(
        32,
        "a mistake over one message ends the listening",
        (Edit(_LISTENER, "except Exception as error:", "except ZeroDivisionError as error:"),),
        _SUITE,
        ("test_a_message_that_we_stumble_over_is_told_and_keeps_no_other_from_being_heard",),
    ),
    Mutant(
        33,
        "one mutex serialises all calls to GitHub but polls",
        (
            Edit(_TRANSPORT, "self._idle = asyncio.Event()", "self._idle, self._one = asyncio.Event(), asyncio.Lock()"),
            Edit(
                _TRANSPORT,
                "                return await pool.send(self._built(pool, call, request))\n",
                "                if call.poll:\n"
                "                    return await pool.send(self._built(pool, call, request))\n"
                "                async with self._one:\n"
                "                    return await pool.send(self._built(pool, call, request))\n",
            ),
        ),
        _SUITE,
        ("test_a_call_that_hangs_for_one_scale_set_holds_up_no_other",),
    ),
    Mutant(
        34,
        "a poll that hears nothing goes on for ever",
        (
            Edit(_LISTENER, "asyncio.timeout(WATCHDOG)", "asyncio.timeout(None)"),
            Edit("core/adapters/github/calls.py", "seconds=90.0, poll=True", "seconds=1e6, poll=True"),
        ),
        _SUITE,
        ("test_a_poll_that_hears_nothing_is_given_up_and_made_again",),
    ),
    Mutant(
        30,
        "a scale set whose session was lost is acted for all the same",
        (Edit("core/engine/sessions.py", "self._target.leased = False", "pass"),),
        _SUITE,
        ("test_losing_the_session_to_somebody_else_returns_to_observing",),
    ),
    Mutant(
        32,
        "a job message that comes again is news",
        (
            Edit(_FLEET, "if not name or message.job.id in self._bygones.jobs:", "if not name:"),
            Edit(
                _FLEET,
                "elif runner.job is not None and runner.job.id == message.job.id and runner.job_since is not None:",
                "elif not name:",
            ),
        ),
        _SUITE,
        ("test_a_job_message_that_is_sent_twice_counts_once",),
    ),
    Mutant(
        32,
        "a job that is over is over again each time it is told",
        (Edit(_FLEET, "(told and runner.phase is Phase.FINISHING)", "runner is None"),),
        _SUITE,
        ("test_a_job_message_that_is_sent_twice_counts_once",),
    ),
    Mutant(
        32,
        "a job that started starts again with the next session",
        (
            Edit(
                _FLEET,
                "elif runner.job is not None and runner.job.id == message.job.id and runner.job_since is not None:",
                "elif not name:",
            ),
        ),
        _SUITE,
        ("test_a_message_that_comes_again_with_the_next_session_starts_nothing_twice",),
    ),
    Mutant(
        34,
        "a count that nobody tells anew is believed for ever",
        (Edit(_LISTENER, "            await self._recount()\n", ""),),
        _SUITE,
        (
            "test_a_count_that_was_wrong_and_is_mended_without_a_word_is_asked_for_anew",
            "test_a_job_that_github_never_told_of_is_found_by_asking_in_a_long_silence",
        ),
    ),
)
