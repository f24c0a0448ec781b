"""The daemon as operators run it: real processes in real time, against a world in the caller's own loop.

Needs no pytest around it. Each process has nothing of the caller's environment but the path; it runs in ``/``, reads
nothing, and is killed at the latest when its ``Daemons`` are left.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from core.world.world import World

TOML = """
[[runner]]
family = "small"
cpu = 1024
memory = 2048
compatibility = "EXTERNAL"
max_runners = 10
"""
WITHIN = 20.0


@dataclass
class Daemon:
    """One ``arcdeck --no-ui`` process and what it wrote."""

    process: asyncio.subprocess.Process
    socket: Path
    lines: list[str] = field(default_factory=list)
    reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(WITHIN):
            code = await self.process.wait()
            if self.reading:
                await self.reading
        return code

    async def signalled(self, number: signal.Signals) -> int:
        """Send a signal and wait for its end."""
        self.process.send_signal(number)
        return await self.ended()

    def must_live(self) -> None:
        """Raise AssertionError with all that it wrote, if it has ended."""
        assert self.process.returncode is None, "".join(self.lines)

    @property
    def errors(self) -> list[str]:
        """Messages of level error, as JSON lines or plain."""
        found = []
        for line in self.lines:
            record = json.loads(line) if line.startswith("{") else {"level": "error", "message": line}
            if record["level"] == "error":
                found.append(record["message"])
        return found


class Daemons:
    """Starts daemons against one world; those that still run when the context is left are killed.

    Their files are in ``folder``: a second one of the same state directory is a restart. ``before`` is Python that each
    process runs first, for what no setting can make shorter.
    """

    def __init__(self, world: World, folder: Path, *, toml: str = TOML, before: str = "") -> None:
        self._world = world
        self._folder = folder
        self._before = before
        self._started: list[Daemon] = []
        self._runners = folder / "runners.toml"
        self._runners.write_text(toml)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self._started:
            if one.process.returncode is None:
                one.process.kill()
            await one.ended()

    async def start(self, changes: Mapping[str, str | None] | None = None) -> Daemon:
        """Start one; ``changes`` are variables of its environment, None for one it is to do without."""
        environ = self.environ(changes or {})
        run = ("-c", f"{self._before}\nimport sys; from tui.cli import main; sys.exit(main())")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", *(run if self._before else ("-m", "tui.cli")), "--no-ui"),
            env=environ,
            cwd="/",
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        made = Daemon(process, Path(environ["ARCDECK_SOCKET"]))
        made.reading = asyncio.create_task(made.read())
        self._started.append(made)
        return made

    def environ(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """The whole environment of a process, with these changes; None is a variable that it is to do without."""
        environ: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            **self._world.environment(),
            "TOML_CONFIG_FILE": str(self._runners),
            "ARCDECK_STATE_DIR": str(self._folder / "state"),
            "ARCDECK_SOCKET": str(self._folder / "control.sock"),
            **changes,
        }
        return {name: value for name, value in environ.items() if value is not None}


async def until(condition: Callable[[], bool], what: str, within: float = WITHIN) -> None:
    """Wait until the world shows it; AssertionError when it does not in ``within`` seconds."""
    try:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110 - another process has no event to await
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {within:.0f} s: {what}") from None
