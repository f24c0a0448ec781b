"""What reaches a daemon from outside its work: signals, closed streams, the service manager that started it."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.api.client import ControlClient
from core.api.commands import Outcome, StopDaemon
from core.world.faults import Fault
from core.world.world import World
from tests.daemons import TOML, Daemon, until
from tests.e2e.conftest import Starter
from tests.e2e.test_oneshot import arcdeck

pytestmark = pytest.mark.e2e


async def polling(world: World, daemon: Daemon) -> None:
    await until(lambda: world.github.calls["get_message"] > 0, "the daemon polls")
    daemon.must_live()


async def test_a_hang_up_reads_the_configuration_anew_and_ends_nothing(
    world: World, daemon: Starter, tmp_path: Path
) -> None:
    one = await daemon()
    await polling(world, one)
    (tmp_path / "runners.toml").write_text(TOML + TOML.replace("small", "large"))
    one.process.send_signal(signal.SIGHUP)
    await until(lambda: world.github.scale_set("large") is not None, "what was added is there")
    assert any("reload the configuration, asked for by SIGHUP: done" in line for line in one.lines)
    assert await one.signalled(signal.SIGTERM) == 0


async def test_a_log_that_nobody_reads_any_more_ends_nothing(world: World, daemon: Starter) -> None:
    one = await daemon()
    await polling(world, one)
    transport = one.process._transport.get_pipe_transport(2)  # type: ignore[attr-defined]  # asyncio shows it no other way
    transport.close()
    for kind in ("pause", "resume"):  # each writes a line
        assert (await arcdeck(one, kind, "small"))[0] == 0
    assert await one.signalled(signal.SIGTERM) == 0
    assert world.github.calls["delete_session"] == 1


async def test_shutdown_stops_it_in_order_and_returns_when_it_has_ended(world: World, daemon: Starter) -> None:
    one = await daemon()
    await polling(world, one)
    code, told = await arcdeck(one, "shutdown")
    assert (code, "Say --yes" in told) == (2, True)
    code, told = await arcdeck(one, "shutdown", "--yes", "--reason", "a new version")
    assert (code, told) == (0, "done: the controller stops; runners and scale sets stay\n")
    assert not one.socket.exists()
    assert await one.ended() == 0
    assert (world.github.calls["delete_session"], world.github.calls["delete_scale_set"]) == (1, 0)
    assert any("shutdown, because a new version, asked for by" in line for line in one.lines)


async def test_a_signal_amid_a_shutdown_that_was_asked_for_does_not_cut_it_short(world: World, daemon: Starter) -> None:
    one = await daemon()
    await polling(world, one)
    world.faults.add("delete_session", Fault("latency", seconds=0.5))
    client = ControlClient(one.socket)
    assert (await client.execute(StopDaemon(id="1"))).outcome is Outcome.DONE
    assert (await client.execute(StopDaemon(id="2"))).outcome is Outcome.ALREADY
    assert await one.signalled(signal.SIGTERM) == 0
    assert world.github.calls["delete_session"] == 1


class Manager:
    """A service manager: what it was told, one datagram at a time."""

    def __init__(self, address: str) -> None:
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.bind(address.replace("@", "\0", 1))

    @property
    def lines(self) -> list[str]:
        return [line for datagram in self.told for line in datagram.splitlines()]

    def listen(self) -> None:
        self.told.append(self._socket.recv(4096).decode())

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket, self.listen)
        try:
            yield
        finally:
            loop.remove_reader(self._socket)
            self._socket.close()


async def test_a_service_manager_hears_of_the_whole_life(world: World, daemon: Starter, tmp_path: Path) -> None:
    address = str(tmp_path / "notify.sock")
    manager = Manager(address)
    async with manager.listening():
        one = await daemon({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "200000"})
        await polling(world, one)
        await until(lambda: manager.lines.count("WATCHDOG=1") >= 10, "the loop beats")
        assert await one.signalled(signal.SIGTERM) == 0
    assert manager.lines[0] == "READY=1"
    assert "STATUS=ready" in manager.lines
    assert manager.lines.count("READY=1") == manager.lines.count("STOPPING=1") == 1


async def test_it_is_ready_for_a_service_manager_as_soon_as_its_socket_is_there(
    daemon: Starter, tmp_path: Path
) -> None:
    address = f"@arcdeck-test-{os.getpid()}"
    manager = Manager(address)
    async with manager.listening():
        one = await daemon({"NOTIFY_SOCKET": address, "TOML_CONFIG_FILE": "/proc/self/mem"})
        await until(lambda: "READY=1" in manager.lines, "it is ready")
        assert one.socket.exists()
        await until(lambda: any("is out of reach" in line for line in manager.lines), "it says what it waits for")
