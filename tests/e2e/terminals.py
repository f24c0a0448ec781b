"""A person's terminal: a command at the far end of a pseudo-terminal, what it has printed, and what is typed.

The command has the terminal as its controlling one, as under SSH: when it is hung up, the kernel tells the command.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import struct
import sys
import termios
from collections.abc import AsyncIterator, Mapping
from typing import Self

SIZE = (36, 120)
PATIENCE = 25.0
_ARCDECK = "import os, sys; os.login_tty(0); from tui.cli import main; sys.exit(main())"
_SEQUENCES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_].*?\x1b\\|[@-Z\\-_=>])")


class Terminal:
    """One ``arcdeck`` in a terminal of its own."""

    def __init__(self, process: asyncio.subprocess.Process, ours: int) -> None:
        self.process = process
        self._ours = ours
        self._printed = b""
        self._more = asyncio.Event()
        os.set_blocking(ours, False)
        asyncio.get_running_loop().add_reader(ours, self._read)

    @classmethod
    async def start(cls, environ: Mapping[str, str], *arguments: str) -> Self:
        """Type ``arcdeck`` with these arguments at a shell with this environment."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", _ARCDECK, *arguments),
            env={**environ, "TERM": "xterm-256color"},
            cwd="/",
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        return cls(process, ours)

    @property
    def seen(self) -> str:
        """All that it has printed since the last key, without the sequences that move and colour it."""
        return _SEQUENCES.sub(b"", self._printed).decode(errors="replace")

    def type(self, keys: str) -> None:
        """Press these keys; what was printed before counts no longer."""
        self._printed = b""
        os.write(self._ours, keys.encode())

    async def shows(self, words: str) -> None:
        """Wait until these words have been printed since the last key."""
        try:
            async with asyncio.timeout(PATIENCE):
                while words not in self.seen:
                    self._more.clear()
                    await self._more.wait()
        except TimeoutError:
            raise AssertionError(f"{words!r} was not shown, but: {self.seen[-3000:]}") from None

    def hang_up(self) -> None:
        """Close the terminal, as when the connection breaks."""
        if self._ours >= 0:
            asyncio.get_running_loop().remove_reader(self._ours)
            os.close(self._ours)
            self._ours = -1

    async def ended(self) -> int:
        """Wait for its end; its exit code."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def close(self) -> None:
        """Leave nothing behind."""
        self.hang_up()
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        await self.process.wait()

    def _read(self) -> None:
        try:
            self._printed += os.read(self._ours, 65_536)
        except OSError:  # whoever was at the other end has gone
            asyncio.get_running_loop().remove_reader(self._ours)
        self._more.set()


@contextlib.asynccontextmanager
async def terminal(environ: Mapping[str, str], *arguments: str) -> AsyncIterator[Terminal]:
    """A terminal in which ``arcdeck`` was typed; closed at the end."""
    opened = await Terminal.start(environ, *arguments)
    try:
        yield opened
    finally:
        await opened.close()
