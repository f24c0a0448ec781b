"""All mutants, in the order of the rows of behaviour.md part 2."""

from tests.mutants import cleaning, counting, listening, living, removing, seeing, starting, stopping
from tests.mutants.mutant import Mutant

_AREAS = (seeing, counting, starting, stopping, removing, cleaning, living, listening)

MUTANTS: tuple[Mutant, ...] = tuple(
    sorted((mutant for area in _AREAS for mutant in area.MUTANTS), key=lambda mutant: mutant.row)
)
