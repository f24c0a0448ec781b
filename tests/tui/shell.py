"""The command line as a shell runs it: arguments in, exit code and texts out, against a control room of our own."""

import asyncio
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tui.cli import main


class Terminal(io.StringIO):
    """A stream that says it is a terminal; how wide, it does not know."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Shell:
    """Runs commands against the controller behind ``socket``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, socket: Path) -> None:
        self._monkeypatch = monkeypatch
        self._socket = socket

    async def pipe(self, *arguments: str) -> Done:
        """Run it as a script does."""
        return await self._run(arguments, (io.StringIO(), io.StringIO(), io.StringIO()))

    async def terminal(self, *arguments: str, typed: str = "") -> Done:
        """Run it as a person does, who types this when asked."""
        return await self._run(arguments, (Terminal(typed), Terminal(), Terminal()))

    async def redirected(self, *arguments: str, typed: str = "") -> Done:
        """Run it as a person does who keeps the answer in a file."""
        return await self._run(arguments, (Terminal(typed), io.StringIO(), Terminal()))

    async def _run(self, arguments: tuple[str, ...], streams: tuple[io.StringIO, io.StringIO, io.StringIO]) -> Done:
        _, out, err = streams
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            self._monkeypatch.setattr(sys, name, stream)
        try:
            code = await asyncio.to_thread(_ended, [*arguments, "--socket", str(self._socket)])
        finally:
            self._monkeypatch.undo()
        return Done(code, out.getvalue(), err.getvalue())


def _ended(arguments: list[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as end:  # argparse ends the process by itself
        return int(end.code or 0)
