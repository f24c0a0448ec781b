"""A controller that waits for its configuration: it can be asked what for, and stopped."""

import signal
from contextlib import aclosing

import pytest

from core.api.client import ControlClient
from core.api.commands import Outcome, StopDaemon
from core.api.model import Hello, Snapshot
from tests.daemons import Daemon, until
from tests.e2e.conftest import Starter
from tests.e2e.test_oneshot import arcdeck

pytestmark = pytest.mark.e2e

#: Linux lets everybody open it, and gives an I/O error to whoever reads: a disk that fails.
UNREADABLE = "/proc/self/mem"
WAITS = "the runner configuration is out of reach"


async def waiting(daemon: Starter) -> Daemon:
    one = await daemon({"TOML_CONFIG_FILE": UNREADABLE})
    await until(lambda: any("trying again" in line for line in one.lines), "it waits")
    return one


async def test_status_and_screens_are_told_what_is_waited_for(daemon: Starter) -> None:
    one = await waiting(daemon)
    code, told = await arcdeck(one, "status")
    assert code == 1
    assert WAITS in " ".join(told.split())
    async with aclosing(ControlClient(one.socket).stream()) as stream:
        assert isinstance(await anext(stream), Hello)
        snapshot = await anext(stream)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.controller.waits_for.startswith(WAITS)
    assert (snapshot.scale_sets, [event.kind for event in snapshot.events]) == ((), ["waiting"])


async def test_a_hang_up_finds_nothing_to_reload_and_ends_nothing(daemon: Starter) -> None:
    one = await waiting(daemon)
    one.process.send_signal(signal.SIGHUP)
    await until(lambda: any("nothing to reload yet" in line for line in one.lines), "it says so")
    one.must_live()


async def test_it_can_be_stopped_and_answers_before_it_ends(daemon: Starter) -> None:
    one = await waiting(daemon)
    answer = await ControlClient(one.socket).execute(StopDaemon(id="1"))
    assert answer.outcome is Outcome.DONE
    assert await one.ended() == 0
    assert not one.socket.exists()
    assert any("shutdown, asked for by" in line for line in one.lines)
