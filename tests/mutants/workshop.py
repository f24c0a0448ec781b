"""Where a mutant is tried out: a copy of the program in a folder of its own, in which one mistake is made.

Only a test that ran and failed kills. Where the tests cannot even be collected, the mistake was a wrong one, and
nothing is proved. A hanging test is ended by its own time limit, and the whole process by a longer one.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import Mutant, Stale

ROOT = Path(__file__).parents[2]
COPIED = ("core", "tui", "tests")
#: Seconds that one test may take, and all of one mutant's.
TEST_WITHIN, ALL_WITHIN = 60, 300

_OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--timeout", str(TEST_WITHIN))
_FAILED = re.compile(r"^FAILED .+?::(.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant."""

    killed: bool
    story: str


def try_out(mutant: Mutant) -> Verdict:
    """Make the mistake in a fresh copy and run the tests that must notice."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder)
        for name in COPIED:
            shutil.copytree(ROOT / name, copy / name)
        shutil.copy2(ROOT / "pyproject.toml", copy)
        try:
            mutant.apply(copy)
        except Stale as stale:
            return Verdict(killed=False, story=f"STALE: {stale}")
        return _run(mutant, copy)


def _run(mutant: Mutant, copy: Path) -> Verdict:
    # The options of whoever calls us are not the copy's: with them a test could pass, or fail, for another reason.
    environ = {key: value for key, value in os.environ.items() if key not in {"PYTEST_ADDOPTS", "PYTHONPATH"}}
    command = [sys.executable, "-m", "pytest", *_OPTIONS, *mutant.tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environ, capture_output=True, text=True, timeout=ALL_WITHIN, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(killed=True, story=f"killed by the time limit of {ALL_WITHIN} s")
    if failed := _FAILED.search(done.stdout):
        return Verdict(killed=True, story=f"killed by {failed[1]}")
    if done.returncode == 0:
        return Verdict(killed=False, story="SURVIVED")
    said = (done.stdout + done.stderr).strip().splitlines()
    return Verdict(killed=False, story=f"PROVES NOTHING, no test ran: {said[-1] if said else 'nothing was said'}")
