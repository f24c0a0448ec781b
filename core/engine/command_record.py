"""What came of a command: the answer, and what lasts of it, with its operator, in journal, log and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core.api.commands import Answer, Outcome
from core.api.model import Severity
from core.domain.text import plain
from core.engine.command_words import in_words, scale_set_of_command

if TYPE_CHECKING:
    from core.api.commands import Command, Operator
    from core.engine.chronicle import Chronicle


class Told(NamedTuple):
    """What came of a command."""

    outcome: Outcome
    text: str
    details: tuple[str, ...] = ()


def operator_name(operator: Operator) -> str:
    """An operator as the journal and ECS's stop reasons name them."""
    return plain(operator.name, 64) or f"uid {operator.uid}"


def recorded(chronicle: Chronicle, command: Command, operator: Operator, told: Told) -> Answer:
    """Note what came of a command, and return its answer."""
    who = operator_name(operator)
    chronicle.note(
        "command",
        f"{in_words(command)}, asked for by {who}: {told.outcome}, {told.text}",
        severity=Severity.NOTICE if told.outcome in {Outcome.DONE, Outcome.ALREADY} else Severity.WARNING,
        scale_set=scale_set_of_command(command),
        runner=plain(getattr(command, "runner", ""), 100),
        operator=who,
        keep={
            "command": command.model_dump(mode="json"),
            "outcome": told.outcome.value,
            "uid": operator.uid,
            "claimed": plain(operator.claimed, 200),
        },
    )
    return Answer(id=command.id, outcome=told.outcome, text=told.text, details=told.details)
