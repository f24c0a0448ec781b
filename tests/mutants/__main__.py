"""``python -m tests.mutants``: take the mechanisms out one after another, and see a test fail for each.

Prints a line a mutant. Ends with 1 when one survives, or proves nothing because the source has moved on. The tests are
taken to be green without a mistake; the suite sees to that.
"""

import argparse
import sys
from collections.abc import Sequence

from tests.mutants.mutant import Mutant
from tests.mutants.table import MUTANTS
from tests.mutants.workshop import try_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Try out the mutants that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="See each fault test fail.")
    parser.add_argument("--row", type=int, action="append", metavar="N", help="this row only; may be repeated")
    parser.add_argument("--list", action="store_true", help="list the mutants and run nothing")
    options = parser.parse_args(arguments)
    chosen = [mutant for mutant in MUTANTS if options.row is None or mutant.row in options.row]
    if not chosen:
        parser.error(f"no mutant of row {', '.join(map(str, options.row))}")
    if options.list:
        for mutant in chosen:
            print(f"{_title(mutant)} -> {', '.join(mutant.killers)}")
        return 0
    return _run(chosen)


def _run(mutants: Sequence[Mutant]) -> int:
    alive = 0
    for mutant in mutants:
        verdict = try_out(mutant)
        alive += not verdict.killed
        print(f"{_title(mutant)} -> {verdict.story}", flush=True)
    print(f"{len(mutants) - alive} of {len(mutants)} killed")
    return 1 if alive else 0


def _title(mutant: Mutant) -> str:
    return f"row {mutant.row}: {mutant.mistake}"


if __name__ == "__main__":
    sys.exit(main())
