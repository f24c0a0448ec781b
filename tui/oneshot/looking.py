"""``status``, ``scale-sets`` and ``runners``: the screen's questions, answered once."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from core.api.model import RunnerState
from tui import ages, exits, looks, rows
from tui.oneshot.output import plain_data
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from core.api.model import ControllerView, Health, Snapshot
    from tui.oneshot.record import Call

_LABEL = 12  # cells of a heading in the status


# --- status --------------------------------------------------------------------------------------------------------


def _no_arguments(_parser: argparse.ArgumentParser) -> None:
    return


def _status(call: Call) -> int:
    health, snapshot = call.controller.health(), call.controller.snapshot()
    counted = totals(snapshot)
    if call.out.as_json:
        about = {"health": plain_data(health), "controller": plain_data(snapshot.controller)}
        call.out.json({**about, "totals": asdict(counted)})
    else:
        for label, text in _status_lines(health, snapshot, counted):
            call.out.folded(text, first=label.ljust(_LABEL))
    return exits.DONE if health.ready else exits.FAILED


@dataclass(frozen=True, slots=True)
class Totals:
    """What there is, counted."""

    scale_sets: dict[str, int]  #: by state, the most frequent first
    runners: dict[str, int]  #: the same, without those that ended
    over_limit: int
    assigned_jobs: int  #: as GitHub last said
    running_jobs: int


def totals(snapshot: Snapshot) -> Totals:
    """Count what a snapshot holds."""
    live = [row for row in snapshot.runners if row.state not in looks.ENDED]
    return Totals(
        scale_sets=_frequencies(row.state.value for row in snapshot.scale_sets),
        runners=_frequencies(row.state.value for row in live),
        over_limit=sum(1 for row in live if looks.pressure(row, snapshot.now) >= 1),
        assigned_jobs=sum(row.assigned or 0 for row in snapshot.scale_sets),
        running_jobs=sum(row.running_jobs or 0 for row in snapshot.scale_sets),
    )


def _frequencies(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _status_lines(health: Health, snapshot: Snapshot, counted: Totals) -> Iterator[tuple[str, str]]:
    """Headings and what is said under them."""
    one, now = snapshot.controller, snapshot.now
    yield "Controller", f"{one.id} {one.version}, on {one.cluster} {one.region}, up {ages.coarse(now - one.started_at)}"
    yield "Health", "ready" if health.ready else "NOT READY" if health.live else "DEAD"
    for reason in health.reasons:
        yield "", f"- {reason}"
    yield "Scale sets", _in_words(counted.scale_sets)
    late = f"; {counted.over_limit} over their limit" if counted.over_limit else ""
    yield "Runners", _in_words(counted.runners) + late
    yield "Jobs", f"{counted.assigned_jobs} assigned, {counted.running_jobs} running"
    yield "ECS", _ecs(one, now)
    if one.rate_remaining is not None:
        yield "GitHub", f"{one.rate_remaining} of {one.rate_limit} REST calls left"
    yield "Journal", one.journal or "well"


def _in_words(counts: dict[str, int]) -> str:
    """``7: 5 ok, 2 backoff``."""
    words = ", ".join(f"{count} {word}" for word, count in counts.items())
    return f"{sum(counts.values())}: {words}" if counts else "0"


def _ecs(controller: ControllerView, now: float) -> str:
    if controller.sweep_failed:
        return f"cannot be read: {controller.sweep_failed}"
    if controller.last_sweep_at is None:
        return "not looked at yet"
    return f"looked at {ages.exact(now - controller.last_sweep_at)} ago"


# --- tables --------------------------------------------------------------------------------------------------------


def _scale_sets(call: Call) -> int:
    snapshot = call.controller.snapshot()
    found = sorted(snapshot.scale_sets, key=lambda row: rows.scale_set_order(row, snapshot.now))
    if call.out.as_json:
        call.out.json([plain_data(row) for row in found])
    elif found:
        call.out.table(rows.scale_set_columns(call.out.width), found, snapshot.now)
    else:
        call.out.line("The controller has no scale sets.")
    return exits.DONE


def _runner_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scale-set", metavar="NAME", help="only this scale set's")
    states = [state.value for state in RunnerState]
    parser.add_argument("--state", choices=states, metavar="STATE", help=f"only those that are {', '.join(states)}")


def _runners(call: Call) -> int:
    snapshot, options = call.controller.snapshot(), call.options
    found = [
        row
        for row in sorted(snapshot.runners, key=lambda row: rows.runner_order(row, snapshot.now))
        if options.scale_set in {None, row.scale_set} and options.state in {None, row.state.value}
    ]
    if call.out.as_json:
        call.out.json([plain_data(row) for row in found])
    elif found:
        call.out.table(rows.runner_columns(call.out.width), found, snapshot.now)
    else:
        call.out.line("There are no such runners." if snapshot.runners else "There are no runners.")
    return exits.DONE


COMMANDS = (
    OneShot(
        "status",
        "Is the controller well: its health with reasons, and how much there is of what.",
        """\
The exit code is 0 when it is ready and 1 when it is not, so a script can wait:

  until arcdeck status; do sleep 5; done
""",
        _no_arguments,
        _status,
    ),
    OneShot(
        "scale-sets",
        "All scale sets, the worst first: their state, and what they want and have.",
        """\
What a state means for the jobs that wait says 'arcdeck why':

  arcdeck scale-sets
  arcdeck why build-large-docker
""",
        _no_arguments,
        _scale_sets,
    ),
    OneShot(
        "runners",
        "All runners, those over their limit first: their state, since when, and with which job.",
        """\
Those that ended stay for ten minutes. With --json names and ARNs are whole.

  arcdeck runners --state pending
  arcdeck runners --scale-set build-large-docker --json
""",
        _runner_arguments,
        _runners,
    ),
)
