"""What only a real terminal shows: bytes on the link, colours, and what happens when it goes away."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
SIZE = (36, 120)
PATIENCE = 20.0
#: Bytes, as textual-performance.md, Budgets, allows them: in a second with running clocks, and for a whole repaint.
A_TICK, WHOLE = 3_000, 12_000


class Seat:
    """A process at the far end of a pseudo-terminal."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
            os.chdir(ROOT)
            # The environment is given whole: readline, in a test run, leaves a width in it that Python does not see.
            own = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}
            child = [sys.executable, "-m", "tests.tui.live", *arguments]
            os.execve(sys.executable, child, own | {"TERM": "xterm-256color"} | environ)  # noqa: S606  # our own module

    def read(self, seconds: float) -> bytes:
        """Whatever comes within that time."""
        until, out = time.monotonic() + seconds, b""
        while (left := until - time.monotonic()) > 0:
            if select.select([self.terminal], [], [], left)[0]:
                out += os.read(self.terminal, 65_536)
        return out

    def read_until(self, words: bytes) -> bytes:
        """What comes up to and including these words."""
        until, out = time.monotonic() + PATIENCE, b""
        while words not in out:
            assert time.monotonic() < until, out[-2000:]
            out += self.read(0.05)
        return out

    def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            select.select([], [], [], 0.02)
        pytest.fail("it did not end")


@pytest.fixture
def seat(request: pytest.FixtureRequest) -> Iterator[Seat]:
    seat = Seat(**getattr(request, "param", {}))
    yield seat
    if seat.pid:
        os.kill(seat.pid, signal.SIGKILL)
        os.waitpid(seat.pid, 0)
    os.close(seat.terminal)


def test_a_second_costs_at_most_three_kilobytes_and_no_sequence_of_power(seat: Seat) -> None:
    seat.read_until(b"EVENTS")
    seat.read(1.0)
    seconds = 3
    sent = seat.read(seconds)
    assert 0 < len(sent) <= A_TICK * seconds
    assert b"\x1b]" not in sent


def test_a_step_of_the_cursor_costs_little(seat: Seat) -> None:
    seat.read_until(b"EVENTS")
    seat.read(1.0)
    os.write(seat.terminal, b"j")
    assert 0 < len(seat.read(0.5)) <= A_TICK


def test_a_fleet_that_moves_four_times_a_second_costs_no_more_than_the_budget() -> None:
    seat, seconds = Seat("changing"), 3
    try:
        seat.read_until(b"EVENTS")
        seat.read(1.0)
        assert 0 < len(seat.read(seconds)) <= WHOLE * seconds
    finally:
        os.kill(seat.pid, signal.SIGKILL)
        os.waitpid(seat.pid, 0)
        os.close(seat.terminal)


@pytest.mark.parametrize("seat", [{"NO_COLOR": "1", "TERM": "xterm"}], indirect=True)
def test_with_no_color_not_one_colour_is_sent(seat: Seat) -> None:
    sent = seat.read_until(b"EVENTS") + seat.read(1.0)
    styles = {code for sequence in re.findall(rb"\x1b\[([\d;]*)m", sent) for code in sequence.split(b";")}
    coloured = {str(code).encode() for code in (*range(30, 39), *range(40, 49), *range(90, 98), *range(100, 108))}
    assert not styles & coloured


def test_leaving_restores_the_terminal_and_says_that_the_daemon_goes_on(seat: Seat) -> None:
    seat.read_until(b"EVENTS")
    os.write(seat.terminal, b"q")
    sent = seat.read_until(b"goes on.")
    assert b"\x1b[?1049l" in sent
    assert seat.ended() == 0


def test_a_terminal_that_hangs_up_ends_the_screen_quietly(seat: Seat) -> None:
    seat.read_until(b"EVENTS")
    os.kill(seat.pid, signal.SIGHUP)
    assert seat.ended() == 128 + signal.SIGHUP


def test_a_closed_terminal_leaves_nothing_behind(seat: Seat) -> None:
    seat.read_until(b"EVENTS")
    spare = os.open("/dev/null", os.O_RDONLY)
    os.dup2(spare, seat.terminal)
    os.close(spare)
    assert seat.ended() in {128 + signal.SIGHUP, -signal.SIGHUP}
