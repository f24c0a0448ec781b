"""A controller of our own in a process beside us, and a screen on it, for as long as somebody looks.

Both end with us, whatever way we end: the controller is told by SIGTERM, and given the time that a shutdown may take.
One that is to stay is started in ``tui.launching``, which waits for it and reads its last words by the same means.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from core.api.client import ControlClient, ControlError
from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from core.api.model import Health

#: Seconds in which a controller beside us must be heard.
START_WITHIN = 30.0
#: Seconds for which one that is heard may find out whether it can work, before it is shown as it is.
BEGUN_WITHIN = 10.0
#: Seconds that it may take to stop in order.
STOP_WITHIN = 12.0
_LIBC, _PR_SET_PDEATHSIG = ctypes.CDLL(None), 1
_SOCKET, _LOG = "control.sock", "daemon.log"
#: Plain lines of a controller's end that are told.
_MOST_LINES = 10


class HungUp(KeyboardInterrupt):
    """The terminal went, or somebody ended us: clean up and leave, as for Ctrl-C."""


def clean_up_on_hang_up() -> None:
    """Let SIGHUP and SIGTERM be raised as ``HungUp``, so that contexts are left."""

    def hang_up(_number: int, _frame: FrameType | None) -> NoReturn:
        raise HungUp

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, hang_up)


def places(home: Path) -> dict[str, str]:
    """The settings by which a controller keeps everything of its own in a folder."""
    return {"ARCDECK_STATE_DIR": str(home / "state"), "ARCDECK_SOCKET": str(home / _SOCKET)}


@contextlib.contextmanager
def controller(
    home: Path, environ: Mapping[str, str], arguments: Sequence[str] = (), *, quiet: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """A controller in a process, once it has begun; ``quiet`` keeps its log in the folder, not on our standard error.

    Raises ConfigurationError, with the last it said, when it does not come up.
    """
    with (home / _LOG).open("wb") if quiet else contextlib.nullcontext() as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command(arguments),
            stdin=subprocess.DEVNULL,
            stderr=output,
            env=dict(environ),
            start_new_session=True,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - we have no threads yet, and it is one system call
        )
        try:
            if until_begun(process, home / _SOCKET, heard_within=START_WITHIN) is None:
                raise ConfigurationError(f"no controller came up here:\n{last_words(home / _LOG)}")
            yield process
        finally:
            stop(process)


def _end_with_us() -> None:
    """Have the kernel tell this process to stop when the one that made it ends, were it by SIGKILL (prctl(2))."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def command(arguments: Sequence[str]) -> list[str]:
    """What runs a controller; no file of its working directory is taken for a module."""
    return [sys.executable, "-P", "-m", "tui.cli", "--no-ui", *arguments]


def until_begun(process: subprocess.Popen[bytes], socket: Path, *, heard_within: float) -> Health | None:
    """Wait until a controller was admitted to its work, ready or not; how it is, or None for one that is not to be had.

    One that only waits, for its configuration or for GitHub, is waited for 10 s; it may end by itself later. None: it
    has ended, or was not heard within that many seconds.
    """
    began, health = time.monotonic(), None
    while process.poll() is None:
        waited = time.monotonic() - began
        health = _health(process, socket) or health
        if health is not None and (health.begun or waited > BEGUN_WITHIN):
            return health
        if health is None and waited > heard_within:
            return None
        time.sleep(0.05)
    return None


def _health(process: subprocess.Popen[bytes], socket: Path) -> Health | None:
    """How it says it is; None while it says nothing, or while somebody else has the socket and its lock."""
    with contextlib.suppress(OSError, ValueError, ControlError):
        if int(Path(f"{socket}.lock").read_text()) == process.pid:
            return asyncio.run(ControlClient(socket).health())
    return None


def screen(home: Path, *, read_only: bool) -> int:
    """Show a screen on the folder's controller in a process of its own; its exit code.

    When its terminal goes, we are left to clean up.
    """
    from tui.cli import open_screen  # noqa: PLC0415 - the command line brings us in

    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os._exit(open_screen(home / _SOCKET, read_only=read_only, unlocked=not read_only))
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except HungUp:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGHUP)
        return 128 + signal.SIGHUP


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process in order, or at once when it takes too long."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def last_words(log: Path, *, after: int = 0) -> str:
    """The last that a controller said, as people read it; ``after`` are the bytes of its log that are not its own.

    That is the message of its last record, with what a crash ended in, or the plain lines at the end.
    """
    try:
        with log.open("rb") as file:
            file.seek(after)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    if not lines:
        return "(it said nothing)"
    if (record := _record(lines[-1])) is not None:
        crash = str(record.get("traceback", "")).splitlines()[-1:]
        return "\n".join([str(record.get("message", "")), *crash])
    plain = list(takewhile(lambda line: _record(line) is None, reversed(lines)))[:_MOST_LINES]
    return "\n".join(line.removeprefix("arcdeck: ") for line in reversed(plain))


def _record(line: str) -> dict[str, object] | None:
    """The log record that a line holds; None for any other line."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
