"""A controller's answer to a command, as a one-shot tells it: a sentence or JSON, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.api.commands import Outcome
from tui import exits
from tui.oneshot.output import plain_data

if TYPE_CHECKING:
    from core.api.commands import Answer
    from tui.oneshot.output import Output

_DONE: Final = frozenset({Outcome.DONE, Outcome.ALREADY})


def tell(out: Output, answer: Answer) -> int:
    """Say what came of a command; the exit code."""
    if out.as_json:
        out.json(plain_data(answer))
    elif answer.outcome in _DONE:
        out.sentence(f"{answer.outcome}: {answer.text}")
        for line in answer.details:
            out.sentence(line, first="  ")
    else:
        out.complain(f"{answer.outcome}: {answer.text}")
    return exits.DONE if answer.outcome in _DONE else exits.FAILED
