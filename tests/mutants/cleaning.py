"""Rows 26 and 27: registrations and tasks that came apart."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_cleaning.py"
_OFFLINE = "core/engine/offline.py"
_REAPING = "core/domain/reaping.py"
_DRAINING = "core/domain/draining.py"

MUTANTS = (
    Mutant(
        26,
        "a ghost is deregistered when it is first seen",
        (Edit(_REAPING, " and now - seen[r.id] >= min_age)", ")"),),
        _SUITE,
        ("test_a_ghost_is_deregistered_when_it_has_been_offline_for_its_age",),
    ),
    Mutant(
        26,
        "the first sweep does not follow the lease",
        (Edit("core/engine/registrations.py", "self._offline.awaited or any(", "any("),),
        _SUITE,
        ("test_the_age_of_a_ghost_survives_a_restart_and_the_sweep_comes_at_the_start",),
    ),
    Mutant(
        26,
        "the ages of ghosts are forgotten at a restart",
        (
            Edit(
                "core/engine/recovery.py",
                "self.offline = next((remembered(entry.data) for entry in newest if entry.kind == MEMORY), {})",
                "self.offline = {}",
            ),
        ),
        _SUITE,
        ("test_the_age_of_a_ghost_survives_a_restart_and_the_sweep_comes_at_the_start",),
    ),
    Mutant(
        26,
        "a registration that is gone already cannot be removed",
        (Edit("core/engine/deregistrar.py", "except RunnerNotFound:", "except ZeroDivisionError:"),),
        _SUITE,
        ("test_a_ghost_that_vanishes_while_it_is_removed_is_done",),
    ),
    Mutant(
        26,
        "a ghost of our name in another scale set is removed",
        (
            Edit(
                _OFFLINE,
                "if holder.scale_set_id != self._targets[scale_set].scale_set_id:",
                "if not holder.scale_set_id:",
            ),
        ),
        _SUITE,
        ("test_a_ghost_that_is_not_ours_is_left_alone",),
    ),
    Mutant(
        27,
        "a task may run for ever without its runner",
        (Edit(_REAPING, "return limits.unready", "return None"),),
        _SUITE,
        ("test_a_runner_that_never_comes_online_is_removed_stopped_and_replaced",),
    ),
    Mutant(
        27,
        "a runner counts as lost while GitHub cannot be asked",
        (Edit(_REAPING, "return looked is not None and looked - runner.status_since > limit", "return True"),),
        _SUITE,
        ("test_nobody_is_unready_while_github_cannot_be_asked",),
    ),
    Mutant(
        27,
        "an idle runner that GitHub forgot is kept",
        (Edit(_DRAINING, " or _forgotten_reason(r))", ")"),),
        _SUITE,
        ("test_an_idle_runner_that_github_forgot_serves_nobody_and_is_replaced",),
    ),
    Mutant(
        27,
        "one list without a runner proves that GitHub forgot it",
        (
            Edit(
                "core/domain/presence.py",
                "self.absent_looks >= ABSENT_LOOKS and self.looked_at - self.since >= ABSENT_FOR",
                "self.absent_looks >= 1",
            ),
        ),
        _SUITE,
        ("test_one_list_without_an_idle_runner_proves_nothing",),
    ),
    Mutant(
        26,
        "the removal of a runner with a live task is asked for",
        (Edit("core/domain/reaping.py", " and r.name not in backed", ""),),
        _SUITE,
        ("test_a_working_runner_that_the_list_calls_offline_for_long_stays_registered",),
    ),
)
