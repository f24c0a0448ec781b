"""Whom a sweep would stop, as far as the daemon has told: asked for with the key, read here, shown by the question.

A daemon older than previews would sweep at once when asked for one, since neither side minds a field that it does not
know (core.api.model). The protocol's number does not tell such a daemon: it stayed 1. So there are two guards. Only a
daemon whose ``Hello`` names a released version is asked, all of which know previews; any other gets the question
without one. And an answer that does not speak of what *would* be is shown for what it is: a sweep that was done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from core.api.commands import Outcome

if TYPE_CHECKING:
    from core.api.commands import Answer
    from core.api.model import Hello

#: The first version that was released, as major and minor number.
_FIRST: Final = (0, 1)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")
#: What the answer to a preview says, and that to a sweep never does.
_FORESEEN: Final = "would be stopped"


class Stage(Enum):
    """How far a preview has come."""

    NEVER = auto()  #: the daemon is not asked, for it may not know previews
    ASKED = auto()
    TOLD = auto()
    FAILED = auto()  #: no answer, or none that tells
    SWEPT = auto()  #: the daemon took it for a sweep


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of the sweep to come at one moment."""

    stage: Stage
    victims: tuple[str, ...] = ()  #: one line for each: its name, a colon, the reason
    runners: int = 0  #: how many there were that have not ended
    at: float = 0.0  #: when it was told, by the clock of the ages on the screen
    said: str = ""  #: the daemon's sentence, or why there is none


def begun(hello: Hello | None) -> Preview:
    """A preview at its beginning: to be asked for, or never, when this daemon might sweep instead."""
    found = _VERSION.match(hello.version) if hello is not None else None
    knows = found is not None and (int(found[1]), int(found[2])) >= _FIRST
    return Preview(Stage.ASKED if knows else Stage.NEVER)


def told(answer: Answer, runners: int, now: float) -> Preview:
    """What the daemon's answer means. ``runners`` are those that have not ended at ``now``."""
    if answer.outcome is not Outcome.DONE:
        return failed(answer.text)
    stage = Stage.TOLD if _FORESEEN in answer.text else Stage.SWEPT
    return Preview(stage, answer.details, runners, now, answer.text)


def failed(problem: str) -> Preview:
    """A preview that cannot be had; the problem is one sentence."""
    return Preview(Stage.FAILED, said=problem)
