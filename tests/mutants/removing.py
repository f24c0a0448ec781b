"""Row 22: scale sets that the configuration no longer names."""

from tests.mutants.mutant import Edit, Mutant

_SUITE = "test_removing.py"
_RETIREMENT = "core/domain/retirement.py"
_LOOP = "core/engine/scale_set_loop.py"

MUTANTS = (
    Mutant(
        22,
        "a plan that removes more than half of the scale sets waits for nobody",
        (Edit(_RETIREMENT, "if self.mass or self.busy else", "if self.busy else"),),
        _SUITE,
        ("test_a_renamed_prefix_removes_nothing_until_somebody_agrees",),
    ),
    Mutant(
        22,
        "a plan that touches busy runners waits for nobody",
        (Edit(_RETIREMENT, "if self.mass or self.busy else", "if self.mass else"),),
        _SUITE,
        ("test_one_with_a_busy_runner_waits_for_a_confirmation_and_its_job_ends_well",),
    ),
    Mutant(
        22,
        "a removed scale set goes before its last runner has left",
        (Edit(_LOOP, "while self._services.listening.fleet.live(self._target.name):", "while not self._target:"),),
        _SUITE,
        ("test_one_with_a_busy_runner_waits_for_a_confirmation_and_its_job_ends_well",),
    ),
)
