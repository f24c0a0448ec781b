"""What operators ask of a controller, who they are, and what they are answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from core.api.model import RunnerState
from core.api.view import View


class Operator(View):
    """Who acts. ``uid`` is what the kernel says of the peer; the rest is what the peer's environment claims."""

    uid: int
    name: str = ""  #: of the login uid, else of the uid
    claimed: str = ""  #: SUDO_USER and SSH_CONNECTION, as told


class _Sent(View):
    """Base of all commands."""

    id: str = Field(min_length=1, max_length=64)  #: chosen by the sender; sent again, it acts once


class StopTask(_Sent):
    """Stop a runner's task now."""

    kind: Literal["stop-task"] = "stop-task"
    runner: str  #: the runner's name
    seen_state: RunnerState | None = None  #: what the sender saw; refused when a runner has become busy since
    confirm_job: str | None = None  #: the job's id, to confirm that a busy runner is meant
    reason: str = Field(default="", max_length=200)


class SweepNow(_Sent):
    """Read ECS and reap now, not at the next interval."""

    kind: Literal["sweep"] = "sweep"
    scale_set: str | None = None  #: None = all


class PreviewSweep(_Sent):
    """Read ECS, and say whom a sweep would stop now and why; stops nobody.

    A kind of its own: a daemon that does not know it refuses it, where it would not mind a field that it does not know.
    """

    kind: Literal["preview-sweep"] = "preview-sweep"
    scale_set: str | None = None  #: None = all


class DeregisterRunner(_Sent):
    """Remove a runner's registration on GitHub; refused by GitHub while a job runs."""

    kind: Literal["deregister"] = "deregister"
    runner: str
    seen_state: RunnerState | None = None


class HoldRunner(_Sent):
    """Keep every rule and the drain away from a runner for a while, so that somebody can look into its task.

    Held again, it is held for as long from now. A hold does not keep a container whose process ends by itself, and a
    person may stop a held runner.
    """

    kind: Literal["hold"] = "hold"
    runner: str
    seconds: int = Field(default=3600, ge=60, le=86_400)


class ReleaseRunner(_Sent):
    """Let go of a runner that is held: the rules hold for it again."""

    kind: Literal["release"] = "release"
    runner: str


class SteerScaleSet(_Sent):
    """Do something with a whole scale set.

    ``pause``: start nothing more, what runs goes on. ``drain``: pause, and let idle runners go. ``resume``: let it
    start again. ``retry``: forget its capacity backoff and its breaker, and try now.
    """

    kind: Literal["pause", "drain", "resume", "retry"]
    scale_set: str


class AdoptScaleSet(_Sent):
    """Take over a configured scale set, its family and its tasks, which are another's or nobody's by their marks."""

    kind: Literal["adopt"] = "adopt"
    scale_set: str
    owner: str = Field(default="", max_length=32)  #: the controller that it is taken from; empty: it carries no id


class RecreateScaleSet(_Sent):
    """Delete a scale set on GitHub, so that it is made anew."""

    kind: Literal["recreate"] = "recreate"
    scale_set: str
    preview: bool = False  #: only say what would happen


class TendConfiguration(_Sent):
    """Do something with the configuration as a whole.

    ``reload``: read it now, not at the next interval. ``agree``: go ahead with the removal that waits for a person.
    """

    kind: Literal["reload", "agree"]


class StopDaemon(_Sent):
    """Stop the controller in order, as SIGTERM does. Runners and scale sets stay."""

    kind: Literal["shutdown"] = "shutdown"
    instance: str | None = Field(default=None, max_length=64)  #: the start of it that is meant; None: whichever answers
    reason: str = Field(default="", max_length=200)


Command = Annotated[
    StopTask
    | SweepNow
    | PreviewSweep
    | DeregisterRunner
    | HoldRunner
    | ReleaseRunner
    | SteerScaleSet
    | AdoptScaleSet
    | RecreateScaleSet
    | TendConfiguration
    | StopDaemon,
    Field(discriminator="kind"),
]


class Outcome(StrEnum):
    """What came of a command."""

    DONE = "done"
    ALREADY = "already"  #: nothing had to be done
    REFUSED = "refused"  #: the present state or an invariant forbids it
    FAILED = "failed"  #: a service did not do it


class Answer(View):
    """The answer to one command."""

    id: str
    outcome: Outcome
    text: str  #: one sentence: what was done, or why not
    details: tuple[str, ...] = ()  #: one line for each thing that the sentence counts, where there are several
