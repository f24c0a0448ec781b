"""`make bench`: one table of ratios, each measured within this run, with a sentence that says what it means.

Takes about four minutes. Nothing is asserted: a number beside what is wanted of it is for a person to look at.
"""

import asyncio
import logging

from tests.benchmarks import call_counts, daemon, feeds, readers, screens, starts, sweeps
from tests.benchmarks.report import Bench, show
from tests.virtual_time import VirtualTimeLoop

BENCHES = (
    Bench("200 starts, 40 ms a call, between fakes (virtual time, exact)", starts.between_fakes, virtual=True),
    Bench("200 starts, 40 ms a call, over HTTP (real time)", starts.over_http),
    Bench("Calls (virtual time, exact)", call_counts.figures, virtual=True),
    Bench("A sweep over HTTP", sweeps.figures),
    Bench("The daemon as a process", daemon.figures),
    Bench("60 starts at once, with and without readers", readers.figures),
    Bench("Showing a fleet (processor time)", feeds.figures),
    Bench("The screen as a process, on a terminal of 120 by 36", screens.figures),
)


async def _run(bench: Bench) -> None:
    print(f"\n{bench.title}")
    async for figure in bench.figures():
        show(figure)


def main() -> None:
    """Run them all."""
    logging.getLogger("arcdeck").addHandler(logging.NullHandler())  # what the engine has to say is not for this table
    for bench in BENCHES:
        with asyncio.Runner(loop_factory=VirtualTimeLoop if bench.virtual else None) as runner:
            runner.run(_run(bench))


if __name__ == "__main__":
    main()
