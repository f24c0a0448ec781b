"""A controller of its own, started by ``arcdeck`` where none runs: what it would do, the question, and the start.

What is started belongs to nobody's terminal: a session of its own, the working directory ``/``, nothing to read, its
log in a file behind what earlier ones wrote. A closed connection, a killed screen or a dead terminal never touch it. We
wait until it was admitted to its work, so that one which refuses is told here, in its own words and exit code, and not
by an empty screen.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
import time
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui import child, exits
from tui.check import show
from tui.oneshot.output import Output
from tui.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.api.checkup import Checkup

#: Seconds within which it must be heard.
HEARD_WITHIN: Final = 10.0
_LOG: Final = "daemon.log"
#: What a service manager gave us and not to those whom we start: they would speak to it in our name.
_OURS_ALONE: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
#: Files that AWS's libraries are told of by the environment.
_AWS_FILES: Final = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CA_BUNDLE")
_QUESTION: Final = (
    "Observe shows all of this live and changes nothing; start runs a controller that goes on when you leave. "
    "Type observe, start, or anything else to leave:"
)


class Choice(Enum):
    """What to do where no controller runs."""

    OBSERVE = auto()
    START = auto()
    LEAVE = auto()


def answers(path: Path) -> bool:
    """Whether somebody serves the socket at the path; who may not even ask is told so when connecting."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        return probe.connect_ex(str(path)) in {0, errno.EAGAIN, errno.EACCES}


def offer(examine: Callable[[], Checkup]) -> Choice:
    """Show what a controller would do here, and ask what to do; leaving is what anything unclear means."""
    out = Output(sys.stdout, sys.stderr, as_json=False)
    out.line("No controller runs here. Looking at what one would do, without changing anything:")
    out.line()
    show(examine(), out, strict=False)
    out.line()
    said = (out.ask(_QUESTION, sys.stdin) or "").lower()
    if not said:
        return Choice.LEAVE
    return next((choice for choice in Choice if choice.name.lower().startswith(said)), Choice.LEAVE)


def start(
    arguments: Sequence[str], environ: Mapping[str, str], *, state: Path, at: Path, screen: Callable[..., int]
) -> int:
    """Start a controller with these arguments and show it; the exit code.

    ``state`` is the directory of its journal, where its log will be; ``at`` is the socket where it will
    listen. ``screen`` shows it until it is left, and is given ``ended``, which waits for the controller's end.
    """
    log = state / _LOG
    try:
        process, written = _launch(arguments, environ, log)
    except OSError as error:
        return _refuse(f"its log {log} cannot be written: {error.strerror or error}")
    _say(f"starting a controller; its log is {log}")
    try:
        health = child.until_begun(process, at, heard_within=HEARD_WITHIN)
    except KeyboardInterrupt:
        child.stop(process)
        raise
    if health is None and process.poll() is not None and answers(at):
        _say("somebody started one at the same time; this is that one")
        return screen()
    if health is None:
        return _failed(process, log, written)
    _say(f"the controller runs as process {process.pid}, and goes on when you leave")
    if not health.begun:
        _say(f"it has not begun yet: {'; '.join(health.reasons)}")
    return screen(ended=partial(_until_ended, process))


def _launch(arguments: Sequence[str], environ: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The process, and how many bytes its log held before. The log is its owner's alone."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            child.command(arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(environ),
            cwd="/",
            start_new_session=True,
        )
        return process, os.fstat(output).st_size
    finally:
        os.close(output)


def _failed(process: subprocess.Popen[bytes], log: Path, written: int) -> int:
    """Say why, in its own words; its exit code. One that was never heard is stopped: nobody would look after it."""
    code = process.poll()
    if code is None:
        child.stop(process)
        _say(f"the controller was not heard within {HEARD_WITHIN:.0f} s, and was stopped; the last it said:")
    for line in child.last_words(log, after=written).splitlines():
        _say(line)
    return code if code is not None and code > 0 else exits.FAILED


def _until_ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for an orderly end, and tell it."""
    began = time.monotonic()
    try:
        process.wait(child.STOP_WITHIN)
    except subprocess.TimeoutExpired:
        _say(f"process {process.pid} still stops after {child.STOP_WITHIN:.0f} s; its log says why")
    else:
        _say(f"the controller has stopped, in {time.monotonic() - began:.1f} s; runners and scale sets stay")


def rooted(
    environ: Mapping[str, str], paths: Sequence[tuple[str, str, str | None]]
) -> tuple[dict[str, str], list[str]]:
    """An environment and options for a process that works in ``/``: relative paths mean what they mean here.

    ``paths`` are the settings that are paths: variable, flag, and what the command line says. The options are to be
    put behind those of the command line, where they win.
    """
    own = {name: value for name, value in environ.items() if name not in _OURS_ALONE}
    for variable in (*(variable for variable, _, _ in paths), *_AWS_FILES):
        if (given := own.get(variable, "")) and not given.startswith("~"):
            own[variable] = str(Path(given).absolute())
    return own, [f"{flag}={Path(given).absolute()}" for _, flag, given in paths if given]


def _say(text: str) -> None:
    sys.stderr.write(f"arcdeck: {plain(text)}\n")
    sys.stderr.flush()


def _refuse(text: str) -> int:
    _say(text)
    return exits.USAGE
