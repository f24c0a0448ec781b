"""Whom a sweep would stop, as far as the daemon has told: asked for with the key, read here, shown by the question.

A daemon older than previews does not understand the wish; then the question stands without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from core.api.client import Refused
from core.api.commands import Outcome

if TYPE_CHECKING:
    from core.api.client import ControlError
    from core.api.commands import Answer


class Stage(Enum):
    """How far a preview has come."""

    NEVER = auto()  #: the daemon knows no previews
    ASKED = auto()
    TOLD = auto()
    FAILED = auto()  #: no answer, or none that tells


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of the sweep to come at one moment."""

    stage: Stage
    victims: tuple[str, ...] = ()  #: one line for each: its name, a colon, the reason
    runners: int = 0  #: how many there were that have not ended
    at: float = 0.0  #: when it was told, by the clock of the ages on the screen
    said: str = ""  #: the daemon's sentence, or why there is none


#: A preview at its beginning.
ASKED: Final = Preview(Stage.ASKED)


def told(answer: Answer, runners: int, now: float) -> Preview:
    """What the daemon's answer means. ``runners`` are those that have not ended at ``now``."""
    if answer.outcome is not Outcome.DONE:
        return Preview(Stage.FAILED, said=answer.text)
    return Preview(Stage.TOLD, answer.details, runners, now, answer.text)


def failed(error: ControlError) -> Preview:
    """A preview that cannot be had, and why; a daemon that does not understand the wish is older than previews."""
    if isinstance(error, Refused) and error.status == HTTPStatus.BAD_REQUEST:
        return Preview(Stage.NEVER)
    return Preview(Stage.FAILED, said=str(error))
