"""Commands that change something: sent by name, judged by the controller, answered in a sentence.

Only stopping a runner with a job asks back, since that job fails: on a terminal with the job's name, elsewhere it has
to be agreed to with ``--yes``. Everything else the controller carries out only where no job is lost.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from core.api.commands import (
    AdoptScaleSet,
    DeregisterRunner,
    PreviewSweep,
    RecreateScaleSet,
    SteerScaleSet,
    StopTask,
    SweepNow,
    TendConfiguration,
)
from tui import exits, looks, rows
from tui.oneshot.answers import tell
from tui.oneshot.controller import new_id
from tui.oneshot.find import runner_called
from tui.oneshot.record import OneShot

if TYPE_CHECKING:
    from core.api.commands import Command
    from core.api.model import RunnerView
    from tui.oneshot.record import Call

_LONGEST_REASON: Final = 200  # characters; the controller takes no more


def _send(call: Call, command: Command) -> int:
    """Have it carried out, and say what came of it."""
    return tell(call.out, call.controller.execute(command))


# --- runners -------------------------------------------------------------------------------------------------------


def _stop_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", metavar="RUNNER-OR-ARN", help="the runner's name, or its task's ARN or id")
    parser.add_argument("--yes", action="store_true", help="agree that the job of a busy runner fails")
    add_reason(parser, "why, for the journal and ECS's stop reason")


def add_reason(parser: argparse.ArgumentParser, about: str) -> None:
    """Give a command the reason that its operator may say."""
    parser.add_argument("--reason", type=_reason, default="", help=about)


def _reason(text: str) -> str:
    if len(text) > _LONGEST_REASON:
        raise argparse.ArgumentTypeError(f"{_LONGEST_REASON} characters are the most")
    return text


def _stop(call: Call) -> int:
    named = call.options.runner
    runner = runner_called(call.controller.snapshot(), named)
    if runner is None:  # perhaps it has ended long ago; the controller says so
        return _send(call, StopTask(id=new_id(), runner=named, reason=call.options.reason))
    serving = runner.state in looks.SERVING
    if serving and not call.options.yes and (refused := _agreed(call, runner)) is not None:
        return refused
    meant = (runner.job and runner.job.id) or runner.name  # what the controller wants to hear for a busy one
    command = StopTask(
        id=new_id(),
        runner=runner.name,
        seen_state=runner.state,
        confirm_job=meant if serving else None,
        reason=call.options.reason,
    )
    return _send(call, command)


def _agreed(call: Call, runner: RunnerView) -> int | None:
    """Ask whether a job may fail; None for a yes, else the exit code."""
    fails = (
        f"runs {rows.job_text(runner.job) or runner.job.id}" if runner.job else "may run a job that nobody knows yet"
    )
    story = f"{runner.name} {fails}; stopping it fails that job."
    said = call.out.ask(f"{story} Type yes to stop it:", sys.stdin)
    if said is None:
        call.out.complain(f"{story} Say --yes to stop it all the same.")
        return exits.USAGE
    if said.lower() == "yes":
        return None
    call.out.complain(f"{runner.name} was not stopped.")
    return exits.FAILED


def _sweep_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scale-set", metavar="NAME", help="only this one")
    parser.add_argument("--preview", action="store_true", help="only say what would be stopped, and why")


def _sweep(call: Call) -> int:
    kind = PreviewSweep if call.options.preview else SweepNow
    return _send(call, kind(id=new_id(), scale_set=call.options.scale_set))


def _deregister_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runner", metavar="RUNNER", help="the runner's name, also one with no task behind it")


def _deregister(call: Call) -> int:
    named = call.options.runner
    runner = runner_called(call.controller.snapshot(), named)
    seen = runner.state if runner else None
    return _send(call, DeregisterRunner(id=new_id(), runner=runner.name if runner else named, seen_state=seen))


# --- scale sets ----------------------------------------------------------------------------------------------------


def _scale_set_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scale_set", metavar="SCALE-SET", help="its name")


def _steer(call: Call, kind: Literal["pause", "drain", "resume", "retry"]) -> int:
    return _send(call, SteerScaleSet(kind=kind, id=new_id(), scale_set=call.options.scale_set))


# --- what a controller keeps ---------------------------------------------------------------------------------------


def _adopt_arguments(parser: argparse.ArgumentParser) -> None:
    _scale_set_argument(parser)
    whose = "the controller that it is taken from; needed where it carries that one's id"
    parser.add_argument("--from", dest="owner", default="", metavar="CONTROLLER", help=whose)


def _adopt(call: Call) -> int:
    return _send(call, AdoptScaleSet(id=new_id(), scale_set=call.options.scale_set, owner=call.options.owner))


def _recreate_arguments(parser: argparse.ArgumentParser) -> None:
    _scale_set_argument(parser)
    parser.add_argument("--preview", action="store_true", help="only say what would happen")


def _recreate(call: Call) -> int:
    options = call.options
    return _send(call, RecreateScaleSet(id=new_id(), scale_set=options.scale_set, preview=options.preview))


def _nothing(_parser: argparse.ArgumentParser) -> None:
    return


def _tend(call: Call, kind: Literal["reload", "agree"]) -> int:
    return _send(call, TendConfiguration(kind=kind, id=new_id()))


COMMANDS: Final = (
    OneShot(
        "stop",
        "Stop a runner's task now; an idle runner is taken off GitHub first.",
        """\
A busy runner's job fails, so that is asked first, by the job's name; without
a terminal it takes --yes.

  arcdeck stop build-large-docker-0be1c7f2 --reason 'its host is on fire'
""",
        _stop_arguments,
        _stop,
    ),
    OneShot(
        "sweep",
        "Read ECS and apply the ordinary rules now, not at the next interval.",
        """\
What is over its limit is stopped, what has ended is deregistered; no job is
lost that would not be lost anyway.

  arcdeck sweep --preview
  arcdeck sweep --scale-set build-large-docker
""",
        _sweep_arguments,
        _sweep,
    ),
    OneShot(
        "deregister",
        "Remove a runner's registration on GitHub, unless a job runs on it.",
        """\
For what GitHub shows as offline with nothing behind it. A live idle runner
gets no more jobs, and ends.

  arcdeck deregister build-large-docker-0be1c7f2
""",
        _deregister_arguments,
        _deregister,
    ),
    OneShot(
        "pause",
        "Start nothing more for a scale set; what runs goes on.",
        """\
GitHub is told to assign no more jobs to it. It stays paused until somebody
resumes it, also over a restart of the controller.

  arcdeck pause build-large-docker
""",
        _scale_set_argument,
        partial(_steer, kind="pause"),
    ),
    OneShot(
        "resume",
        "Let a paused or drained scale set start runners again.",
        "  arcdeck resume build-large-docker\n",
        _scale_set_argument,
        partial(_steer, kind="resume"),
    ),
    OneShot(
        "drain",
        "Pause a scale set and let its idle runners go; busy ones finish their jobs.",
        """\
Before work on its hosts: once the second line shows only what has ended,
nothing of it runs any more.

  arcdeck drain build-large-docker
  arcdeck runners --scale-set build-large-docker
""",
        _scale_set_argument,
        partial(_steer, kind="drain"),
    ),
    OneShot(
        "retry",
        "Try again now: forget the capacity backoff and the breaker of a scale set.",
        """\
When somebody made room or mended a role, and nobody should wait any longer.

  arcdeck retry build-large-docker
""",
        _scale_set_argument,
        partial(_steer, kind="retry"),
    ),
    OneShot(
        "adopt",
        "Take over a scale set that is another controller's, or nobody's.",
        """\
The configuration must name it. Its family, its tasks and itself get our marks;
whoever holds its message session must be stopped first.

  arcdeck adopt build-large-docker --from old-controller
""",
        _adopt_arguments,
        _adopt,
    ),
    OneShot(
        "recreate",
        "Delete a scale set on GitHub and make it anew: the cure for stuck counters.",
        """\
Refused while a runner of it may have a job. Waiting jobs go back to the queue
and come again.

  arcdeck recreate build-large-docker --preview
""",
        _recreate_arguments,
        _recreate,
    ),
    OneShot(
        "reload",
        "Read the runner configuration now, not at the next interval.",
        "  arcdeck reload\n",
        _nothing,
        partial(_tend, kind="reload"),
    ),
    OneShot(
        "agree",
        "Agree to the removal of scale sets that waits for a person.",
        """\
What it is, and how many busy runners it touches, is among the reasons of:

  arcdeck status
  arcdeck agree
""",
        _nothing,
        partial(_tend, kind="agree"),
    ),
)
