"""A controller of our own in a process beside us, and a screen on it, for as long as somebody looks.

Both end with us, whatever way we end: the controller is told by SIGTERM, and given the time that a shutdown may take.
For a controller that is to stay, start one with ``arcdeck --no-ui``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

#: Seconds in which a controller must have its control socket.
START_WITHIN = 30.0
#: Seconds that it may take to stop in order.
STOP_WITHIN = 12.0
_SOCKET, _LOG = "control.sock", "daemon.log"


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
    """A controller in a process, once it listens; ``quiet`` keeps its log in the folder, not on our standard error.

    Raises ConfigurationError, with the last it said, when it does not come up.
    """
    command = [sys.executable, "-P", "-m", "tui.cli", "--no-ui", *arguments]
    with (home / _LOG).open("wb") if quiet else contextlib.nullcontext() as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, stderr=output, env=dict(environ), start_new_session=True
        )
        try:
            _wait(process, home)
            yield process
        finally:
            stop(process)


def _wait(process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while not (home / _SOCKET).exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ConfigurationError(f"no controller came up here:\n{_said(home / _LOG)}")
        time.sleep(0.05)


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


def _said(log: Path) -> str:
    """The last that it said, in its own words: those of the last line of its log, or the line as it is."""
    try:
        last = log.read_text(errors="replace").splitlines()[-1]
    except (OSError, IndexError):
        return "(it said nothing)"
    try:
        return str(json.loads(last)["message"])
    except (ValueError, TypeError, KeyError):
        return last
