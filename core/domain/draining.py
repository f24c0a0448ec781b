"""Who may be taken off GitHub because nobody needs them any more (DESIGN.md section 4, Drain; behaviour.md row 19).

Surplus: only a runner that has been idle for the grace, only while GitHub's counters are fresh and say that every
assigned job already runs, never below what is wanted. Beside it one that has idled for its whole limit, which is
replaced, one whose task runs and that never came online, and an idle one that GitHub no longer lists (row 27).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.durations import format_duration
from core.domain.reaping import unready_reason
from core.domain.runner import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.domain.messages import Statistics
    from core.domain.runner import Runner
    from core.domain.scale_set import Limits

#: Statistics older than this many seconds drain nobody.
FRESH = 60.0


def to_drain(
    runners: Sequence[Runner],
    *,
    usable: int,
    want: int,
    statistics: Statistics,
    age: float,
    limits: Limits,
    now: float,
) -> list[tuple[Runner, str]]:
    """The runners of one scale set to drain now, each with its reason: useless ones, then idle ones, longest first.

    ``age`` is how old the statistics are, in seconds. Who is held is not chosen.
    """
    free = [runner for runner in runners if not runner.held(now)]
    chosen = [(r, reason) for r in free if (reason := unready_reason(r, limits, now) or _forgotten_reason(r))]
    useless = {runner.name for runner, _ in chosen}
    waiting = [runner for runner in free if runner.phase is Phase.IDLE]
    idle = sorted((r for r in waiting if r.name not in useless), key=lambda runner: runner.since)
    spare = max(0, usable - (len(waiting) - len(idle)) - want)
    calm = age <= FRESH and statistics.assigned == statistics.running
    drained = 0
    for runner in idle:
        waited = now - runner.since
        if limits.idle > 0 and waited > limits.idle:
            limit = format_duration(limits.idle)
            chosen.append((runner, f"arcdeck: idle for {format_duration(waited)} (limit: {limit})"))
            drained += 1
        elif calm and drained < spare and waited >= limits.drain_grace:
            idled = format_duration(waited)
            chosen.append((runner, f"arcdeck: surplus, idle for {idled} (want {want}, have {usable})"))
            drained += 1
    return chosen


def _forgotten_reason(runner: Runner) -> str | None:
    """Why an idle runner that the lists left out must go; what no list shows may still be registered, so it is removed.

    None when it may live.
    """
    if runner.phase is not Phase.IDLE or not runner.presence.unknown_to_github:
        return None
    return "arcdeck: idle, and GitHub no longer knows it"
