"""Commands in words, for the journal and the events; their texts are safe to show."""

from __future__ import annotations

from functools import singledispatch

from core.api.commands import (
    AdoptScaleSet,
    DeregisterRunner,
    HoldRunner,
    PreviewSweep,
    RecreateScaleSet,
    ReleaseRunner,
    SteerScaleSet,
    StopDaemon,
    StopTask,
    SweepNow,
    TendConfiguration,
)
from core.domain.durations import format_duration
from core.domain.scale_set import scale_set_of
from core.domain.text import plain

#: Characters of a name that are told.
_NAME = 100


@singledispatch
def in_words(command: object) -> str:
    """What a command asks for, such as ``stop small-0be1c7f2``."""
    raise TypeError(f"{command!r} is no command")


@in_words.register
def _(command: StopTask) -> str:
    return f"stop {plain(command.runner, _NAME)}"


@in_words.register
def _(command: SweepNow) -> str:
    return f"sweep {plain(command.scale_set, _NAME)}" if command.scale_set else "sweep"


@in_words.register
def _(command: PreviewSweep) -> str:
    return f"preview a sweep of {plain(command.scale_set, _NAME)}" if command.scale_set else "preview a sweep"


@in_words.register
def _(command: DeregisterRunner) -> str:
    return f"deregister {plain(command.runner, _NAME)}"


@in_words.register
def _(command: HoldRunner) -> str:
    return f"hold {plain(command.runner, _NAME)} for {format_duration(command.seconds)}"


@in_words.register
def _(command: ReleaseRunner) -> str:
    return f"release {plain(command.runner, _NAME)}"


@in_words.register
def _(command: SteerScaleSet) -> str:
    return f"{command.kind} {plain(command.scale_set, _NAME)}"


@in_words.register
def _(command: AdoptScaleSet) -> str:
    whose = f" from {plain(command.owner, _NAME)}" if command.owner else ""
    return f"adopt {plain(command.scale_set, _NAME)}{whose}"


@in_words.register
def _(command: RecreateScaleSet) -> str:
    return f"recreate {plain(command.scale_set, _NAME)}{', as a preview' if command.preview else ''}"


@in_words.register
def _(command: TendConfiguration) -> str:
    return "reload the configuration" if command.kind == "reload" else "agree to the removal that waits"


@in_words.register
def _(command: StopDaemon) -> str:
    return f"shutdown, because {plain(command.reason, 200)}" if command.reason else "shutdown"


def scale_set_of_command(command: object) -> str:
    """The scale set that a command is about; empty when it is about all, or nobody can tell."""
    if isinstance(command, StopTask | DeregisterRunner | HoldRunner | ReleaseRunner):
        return plain(scale_set_of(command.runner) or "", _NAME)
    return plain(getattr(command, "scale_set", None) or "", _NAME)
