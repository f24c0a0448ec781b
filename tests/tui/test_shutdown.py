"""``arcdeck shutdown``: asked first, sent to the start that was looked at, and over when the controller is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from core.api.commands import Answer, Command, Outcome, StopDaemon
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import serving
from tests.tui.samples import fleet
from tests.tui.shell import Done, Shell
from tui import exits
from tui.looks import ENDED, SERVING

MEANT = StopDaemon(id="1", instance="first", reason="a new version")


class Stopping:
    """A controller that stops when it is told to, and a shell beside it."""

    def __init__(self, shell: Shell) -> None:
        current = fleet()
        controller = current.controller.model_copy(update={"instance": "first"})
        self.room = FakeControlRoom(current.model_copy(update={"controller": controller}))
        self.shell = shell
        self.told = asyncio.Event()
        self.room.answer = self._answer

    def _answer(self, command: Command) -> Answer:
        self.told.set()
        return Answer(id=command.id, outcome=Outcome.DONE, text="the controller stops")

    @property
    def sent(self) -> list[Command]:
        return [command.model_copy(update={"id": "1"}) for command, _ in self.room.commands]


@pytest.fixture
async def stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stopping]:
    path = tmp_path / "control.sock"
    stopping = Stopping(Shell(monkeypatch, path))
    async with AsyncExitStack() as server:
        await server.enter_async_context(serving(stopping.room, path))

        async def end() -> None:
            await stopping.told.wait()
            await server.aclose()

        ending = asyncio.create_task(end())
        yield stopping
        stopping.told.set()
        await ending


def told(done: Done) -> str:
    return " ".join(done.err.split())


async def test_it_returns_when_the_controller_has_ended(stopping: Stopping) -> None:
    done = await stopping.shell.pipe("shutdown", "--yes", "--reason", "a new version")
    assert (done.code, done.out, done.err) == (exits.DONE, "done: the controller stops\n", "")
    assert stopping.sent == [MEANT]


async def test_a_person_is_asked_with_what_it_looks_after(stopping: Stopping) -> None:
    done = await stopping.shell.terminal("shutdown", "--reason", "a new version", typed="yes\n")
    assert done.code == exits.DONE
    live = [row for row in stopping.room.current.runners if row.state not in ENDED]
    busy = sum(row.state in SERVING for row in live)
    assert f"ci-prod looks after {len(live)} runners, {busy} busy; all stay" in told(done)
    assert stopping.sent == [MEANT]


@pytest.mark.parametrize("typed", ["", "no\n", "y\n"])
async def test_anything_but_a_yes_stops_nothing(stopping: Stopping, typed: str) -> None:
    done = await stopping.shell.terminal("shutdown", typed=typed)
    assert done.code == exits.FAILED
    assert done.err.endswith("\narcdeck: ci-prod was not stopped.\n")
    assert stopping.sent == []


async def test_without_a_terminal_it_demands_a_yes(stopping: Stopping) -> None:
    done = await stopping.shell.pipe("shutdown")
    assert (done.code, "Say --yes to stop it." in done.err) == (exits.USAGE, True)
    assert stopping.sent == []


async def test_one_that_is_refused_says_why(stopping: Stopping) -> None:
    stopping.room.answer = lambda command: Answer(id=command.id, outcome=Outcome.REFUSED, text="look again")
    done = await stopping.shell.pipe("shutdown", "--yes")
    assert (done.code, done.err) == (exits.FAILED, "arcdeck: refused: look again\n")


async def test_one_that_does_not_end_is_told(stopping: Stopping, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.oneshot.shutdown._ENDED_WITHIN", 0.2)
    stopping.room.answer = lambda command: Answer(id=command.id, outcome=Outcome.DONE, text="the controller stops")
    done = await stopping.shell.pipe("shutdown", "--yes")
    assert (done.code, "still runs after 0 s" in done.err) == (exits.FAILED, True)


async def test_a_successor_is_not_taken_for_the_one_that_was_told(stopping: Stopping) -> None:
    def started_anew(command: Command) -> Answer:
        current = stopping.room.current
        controller = current.controller.model_copy(update={"instance": "second"})
        stopping.room.current = current.model_copy(update={"controller": controller})
        return Answer(id=command.id, outcome=Outcome.DONE, text="the controller stops")

    stopping.room.answer = started_anew
    assert (await stopping.shell.pipe("shutdown", "--yes")).code == exits.DONE
