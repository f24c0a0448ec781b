"""Many storms: a line for each seed, a summary, and exit code 1 when one of them broke something.

``python -m tests.storm --seeds 200 --hours 2`` is what ``make storm`` runs. ``--seed N`` plays one seed again; with
``--keep FOLDER`` everything that was called, logged and journalled stays there.
"""

import argparse
import multiprocessing
import os
import sys
from functools import partial
from pathlib import Path

from tests.storm.voyage import Voyage, sail


def main() -> int:
    """Carry out the command line; returns the exit code."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # or sets of strings have another order in each process
        again = [sys.executable, "-m", "tests.storm", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606 - ourselves
    options = _options()
    if options.seed is not None:
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
        return _told(sail(options.seed, options.hours, options.keep))
    seeds = range(options.first, options.first + options.seeds)
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        voyages = pool.imap_unordered(partial(sail, hours=options.hours), seeds)
        failed = [voyage.seed for voyage in voyages if _told(voyage)]
    print(f"{len(failed)} of {options.seeds} storms of {options.hours:g} h went wrong: {sorted(failed) or 'none'}")
    return bool(failed)


def _told(voyage: Voyage) -> bool:
    """Tell of a storm; returns whether it went wrong."""
    print(voyage, flush=True)
    if voyage.wrong:
        print(voyage.wrong)
        print(f"  again: python -m tests.storm --seed {voyage.seed} --hours {voyage.hours:g} --keep FOLDER", flush=True)
    return bool(voyage.wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many (default 20)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--hours", type=float, default=2.0, help="virtual hours of each (default 2)")
    parser.add_argument("--keep", type=Path, help="with --seed: a folder for all that happened")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="storms at a time")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
