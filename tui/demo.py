"""The demo: the embedded world, a real daemon beside it, and a screen attached to that; three processes, one command.

The daemon is the ordinary one with ordinary settings; only its addresses point at the world. World and daemon end with
the demo, whatever way it ends: the world watches its standard input, the daemon is told by SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from core.domain.durations import parse_duration
from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

#: What would leak from the operator's own settings into the demo.
_FOREIGN = ("AWS_", "GITHUB_", "ARCDECK_", "RUNNER_", "SSM_", "ECS_", "TOML_", "SCALESET_", "OFFLINE_")
#: Settings of the demo's daemon beside its addresses: short limits, so that things happen while somebody looks.
SETTINGS = {
    "PENDING_TIMEOUT": "20s",
    "CAPACITY_BACKOFF": "5s,10s,20s,40s",
    "REAPER_INTERVAL": "5s",
    "ARCDECK_CONTROLLER_ID": "demo",
}
_START_WITHIN = 30.0
_STOP_WITHIN = 12.0


def seconds(text: str) -> float:
    """A duration given on the command line, longer than 0."""
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if duration <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be longer than 0")
    return duration


class _HungUp(KeyboardInterrupt):
    """The terminal went, or somebody ended us: clean up and leave, as for Ctrl-C."""


def _hang_up(_number: int, _frame: FrameType | None) -> None:
    raise _HungUp


class Demo:
    """One run. ``duration`` in seconds; None = until the screen is left, or until Ctrl-C."""

    def __init__(self, *, seed: int, duration: float | None) -> None:
        self._seed = seed
        self._duration = duration

    def run(self, *, screen: bool) -> int:
        """Run it; returns the exit code."""
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, _hang_up)
        with tempfile.TemporaryDirectory(prefix="arcdeck-demo-") as folder, _world(Path(folder), self._seed) as world:
            home = Path(folder)
            environ = _environment(home, json.loads(_first_line(world)))
            with _daemon(home, environ, logs=None if not screen else home / "daemon.log") as daemon:
                self._wait(daemon, home)
                code = self._screen(home) if screen else self._headless(daemon)
            account = _end(world)
        if not screen:
            sys.stdout.write(account)
        return code

    def _wait(self, daemon: subprocess.Popen[bytes], home: Path) -> None:
        deadline = time.monotonic() + _START_WITHIN
        while not (home / "control.sock").exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise ConfigurationError(f"the demo's controller did not start:\n{_tail(home / 'daemon.log')}")
            time.sleep(0.05)

    def _screen(self, home: Path) -> int:
        """Show the screen in a process of its own: when its terminal goes, we are left to clean up."""
        from tui.cli import open_screen  # noqa: PLC0415 - the command line brings us in

        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os._exit(open_screen(home / "control.sock", read_only=False, unlocked=True))
        try:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except _HungUp:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGHUP)
            return 128 + signal.SIGHUP

    def _headless(self, daemon: subprocess.Popen[bytes]) -> int:
        with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
            return daemon.wait(self._duration)
        return 0


def _environment(home: Path, world: dict[str, dict[str, str] | str]) -> dict[str, str]:
    """The daemon's environment: the world's addresses and the demo's settings, nothing of the operator's."""
    addresses, toml = world["environment"], world["toml"]
    if not isinstance(addresses, dict) or not isinstance(toml, str):
        raise TypeError("the world told something else than its addresses")
    runners = home / "runners.toml"
    runners.write_text(toml)
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        **own,
        **addresses,
        **SETTINGS,
        "TOML_CONFIG_FILE": str(runners),
        "ARCDECK_STATE_DIR": str(home / "state"),
        "ARCDECK_SOCKET": str(home / "control.sock"),
    }


@contextlib.contextmanager
def _world(home: Path, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "core.world", "--seed", str(seed)]
    with (home / "world.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            _stop(process)


@contextlib.contextmanager
def _daemon(home: Path, environ: dict[str, str], logs: Path | None) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-P", "-m", "tui.cli", "--no-ui"]
    output: IO[bytes] | None = (home / "daemon.log").open("wb") if logs else None
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, stderr=output, env=environ, cwd="/", start_new_session=True
        )
        try:
            yield process
        finally:
            _stop(process)
    finally:
        if output is not None:
            output.close()


def _first_line(world: subprocess.Popen[bytes]) -> bytes:
    line = world.stdout.readline() if world.stdout else b""
    if not line:
        raise ConfigurationError("the embedded world did not start; it needs: pip install 'arcdeck[demo]'")
    return line


def _end(world: subprocess.Popen[bytes]) -> str:
    """Tell the world that it is over, and return its account."""
    if world.stdin is None or world.stdout is None:
        return ""
    world.stdin.close()
    return world.stdout.read().decode()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-5:])
    except OSError:
        return "(it wrote nothing)"
