"""What is kept of a storm to look at afterwards: every call with its answer, every event, the whole log.

``calls.txt`` has a line for each call that was answered: when it came, how long it took, the operation, the scale set,
the runner, the status, and what matters of its content.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.world.exchanges import Exchange
from core.world.world import World
from tests.stages import Theatre

_LONGEST = 300


class Diary:
    """Writes down the calls of one world as they are answered; subscribe it to the world's witness."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._file = (folder / "calls.txt").open("w", buffering=1)  # by the line: a storm may be broken off

    def arrived(self, exchange: Exchange) -> None:
        """A call counts when it is answered."""

    def answered(self, exchange: Exchange) -> None:
        """Add the line of a call."""
        took = (self._world.clock.now() - exchange.at).total_seconds()
        words = (
            f"{exchange.at:%H:%M:%S.%f} +{took:.1f}",
            exchange.operation or "?",
            *self._about(exchange),
            str(exchange.status),
            *_content(exchange.operation, exchange.request, exchange.answer or {}),
        )
        self._file.write(" ".join(words) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _about(self, exchange: Exchange) -> Iterator[str]:
        github = self._world.github
        if exchange.scale_set_id:
            scale_set = github.scale_sets.get(exchange.scale_set_id)
            yield scale_set.name if scale_set else f"scale-set={exchange.scale_set_id}"
        if exchange.runner_id:
            runner = github.runners.get(exchange.runner_id)
            yield runner.name if runner else f"runner={exchange.runner_id}"


def keep(theatre: Theatre, folder: Path) -> None:
    """Write the log and the events of a world that is over."""
    (folder / "log.jsonl").write_text(theatre.log.getvalue())
    with (folder / "events.txt").open("w") as file:
        for event in theatre.events:
            at = datetime.fromtimestamp(float(str(event["at"])), UTC)
            file.write(f"{at:%H:%M:%S.%f} {event['severity']:7} {event['kind']:18} {event['text']}\n")


def _content(operation: str | None, request: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterator[str]:
    match operation:
        case "generate_jit_config" | "StopTask" | "ListTasks" | "DescribeTasks":
            yield str(dict(request))[:_LONGEST]
        case "RunTask":
            yield str(request.get("tags"))[:_LONGEST]
            yield f"-> {[task['taskArn'][-32:] for task in answer.get('tasks', [])]} {answer.get('failures') or ''}"
        case "get_message":
            yield str(answer.get("statistics", ""))
            yield ", ".join(_told(entry) for entry in json.loads(answer.get("body") or "[]"))


def _told(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('messageType')}:{entry.get('jobId', '')[:8]}:{entry.get('runnerName', '')}"
