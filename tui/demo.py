"""The demo: the embedded world, a real daemon beside it, and a screen attached to that; three processes, one command.

The daemon is the ordinary one with ordinary settings; only its addresses point at the world. World and daemon end with
the demo, whatever way it ends: the world watches its standard input, the daemon is told by SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.durations import parse_duration
from core.domain.errors import ConfigurationError
from tui import child

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What would leak from the operator's own settings into the demo.
_FOREIGN = ("AWS_", "GITHUB_", "ARCDECK_", "RUNNER_", "SSM_", "ECS_", "TOML_", "SCALESET_", "OFFLINE_")
#: Settings of the demo's daemon beside its addresses: short limits, so that things happen while somebody looks.
SETTINGS = {
    "PENDING_TIMEOUT": "20s",
    "CAPACITY_BACKOFF": "5s,10s,20s,40s",
    "REAPER_INTERVAL": "5s",
    "ARCDECK_CONTROLLER_ID": "demo",
}


def seconds(text: str) -> float:
    """A duration given on the command line, longer than 0."""
    try:
        duration = parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if duration <= 0:
        raise argparse.ArgumentTypeError(f"{text} must be longer than 0")
    return duration


class Demo:
    """One run. ``duration`` in seconds; None = until the screen is left, or until Ctrl-C."""

    def __init__(self, *, seed: int, duration: float | None) -> None:
        self._seed = seed
        self._duration = duration

    def run(self, *, screen: bool) -> int:
        """Run it; returns the exit code."""
        child.clean_up_on_hang_up()
        with tempfile.TemporaryDirectory(prefix="arcdeck-demo-") as folder, _world(Path(folder), self._seed) as world:
            home = Path(folder)
            environ = _environment(home, json.loads(_first_line(world)))
            with child.controller(home, environ, quiet=screen) as daemon:
                code = child.screen(home, read_only=False) if screen else self._headless(daemon)
            account = _end(world)
        if not screen:
            sys.stdout.write(account)
        return code

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
        **child.places(home),
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
            child.stop(process)


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
