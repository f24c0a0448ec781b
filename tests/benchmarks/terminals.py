"""A program on a terminal of its own, seen from outside: the bytes it sends, its processor time, how soon it answers.

A pseudo-terminal of 120 by 36 with 256 colours stands for the operator's window; somebody always reads it.
"""

import asyncio
import fcntl
import os
import pty
import struct
import termios
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

SIZE = (36, 120)
_PATIENCE = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
#: What would change how a screen is drawn.
_LOOKS = {"NO_COLOR", "COLORTERM", "COLUMNS", "LINES", "TEXTUAL_FPS", "SSH_CONNECTION", "TMUX", "STY"}


class Terminal:
    """The near end of the pseudo-terminal, and the process at the far end."""

    def __init__(self, near: int, process: Process) -> None:
        self.began = time.perf_counter()
        self.sent = 0  #: bytes, so far
        self._near = near
        self._process = process
        self._tail = b""
        self._more = asyncio.Event()

    def take(self) -> None:
        """Read what has come."""
        try:
            chunk = os.read(self._near, 1 << 20)
        except OSError:  # the far end is closed
            asyncio.get_running_loop().remove_reader(self._near)
            return
        self.sent += len(chunk)
        self._tail = (self._tail + chunk)[-(1 << 20) :]
        self._more.set()

    async def until(self, words: bytes) -> float:
        """Seconds from its start until it has written these words; raises TimeoutError after a minute."""
        async with asyncio.timeout(_PATIENCE):
            while words not in self._tail:
                await self._written()
        return time.perf_counter() - self.began

    async def answer_to(self, key: bytes) -> float:
        """Press a key; seconds until something is written, which is what the key does or what came before it."""
        self._more.clear()
        pressed = time.perf_counter()
        os.write(self._near, key)
        async with asyncio.timeout(_PATIENCE):
            await self._more.wait()
        return time.perf_counter() - pressed

    def processor_time(self) -> float:
        """Seconds that it has used, in steps of the kernel's clock."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    async def _written(self) -> None:
        self._more.clear()
        await self._more.wait()


@asynccontextmanager
async def on_a_terminal(*command: str, environ: Mapping[str, str] | None = None) -> AsyncIterator[Terminal]:
    """Run a command on a terminal until the context is left."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
    own = {name: value for name, value in os.environ.items() if name not in _LOOKS}
    process = await asyncio.create_subprocess_exec(
        *command, stdin=far, stdout=far, stderr=far, env=own | {"TERM": "xterm-256color"} | dict(environ or {})
    )
    os.close(far)
    terminal = Terminal(near, process)
    loop = asyncio.get_running_loop()
    loop.add_reader(near, terminal.take)
    try:
        yield terminal
    finally:
        loop.remove_reader(near)
        process.kill()
        await process.wait()
        os.close(near)
