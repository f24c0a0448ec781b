"""What is started belongs to nobody: its environment, its last words, and the question before it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from core.api.checkup import Checkup, Finding, Verdict
from tests.tui.shell import Terminal
from tui import child, exits, launching
from tui.launching import Choice

PATHS = (
    ("TOML_CONFIG_FILE", "--toml-config-file", None),
    ("ARCDECK_STATE_DIR", "--state-dir", "state"),
    ("GITHUB_CA_FILE", "--github-ca-file", None),
)


def test_relative_paths_mean_what_they_mean_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"TOML_CONFIG_FILE": "runners.toml", "GITHUB_CA_FILE": "/etc/ca.pem", "AWS_CONFIG_FILE": "aws/config"}
    environ, options = launching.rooted({**given, "AWS_CA_BUNDLE": "~/ca.pem", "LANG": "C"}, PATHS)
    assert environ == {
        "TOML_CONFIG_FILE": f"{tmp_path}/runners.toml",
        "GITHUB_CA_FILE": "/etc/ca.pem",
        "AWS_CONFIG_FILE": f"{tmp_path}/aws/config",
        "AWS_CA_BUNDLE": "~/ca.pem",
        "LANG": "C",
    }
    assert options == [f"--state-dir={tmp_path}/state"]


def test_what_a_service_manager_gave_us_is_not_handed_on() -> None:
    ours = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "LANG": "C"}
    assert launching.rooted(ours, ()) == ({"LANG": "C"}, [])


RECORD = json.dumps({"level": "error", "message": "ECS: no such cluster"})
CRASH = json.dumps({"message": "the controller failed", "traceback": "Traceback …\nRuntimeError: on fire"})


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("", "(it said nothing)"),
        (f"{RECORD}\n", "ECS: no such cluster"),
        (f"{RECORD}\n{CRASH}\n", "the controller failed\nRuntimeError: on fire"),
        (f"{RECORD}\narcdeck: settings: two things\narcdeck: - one\n", "settings: two things\n- one"),
        ("12\n", "12"),
    ],
    ids=["nothing", "a record", "a crash", "plain lines", "a number"],
)
def test_the_last_words_are_those_of_people(tmp_path: Path, log: str, words: str) -> None:
    (tmp_path / "daemon.log").write_text(log)
    assert child.last_words(tmp_path / "daemon.log") == words


def test_the_words_of_an_earlier_controller_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "daemon.log").write_text(f"{RECORD}\n")
    assert child.last_words(tmp_path / "daemon.log", after=len(RECORD) + 1) == "(it said nothing)"
    assert child.last_words(tmp_path / "nowhere.log") == "(it said nothing)"


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("observe\n", Choice.OBSERVE),
        ("o\n", Choice.OBSERVE),
        ("START\n", Choice.START),
        ("s\n", Choice.START),
        ("leave\n", Choice.LEAVE),
        ("\n", Choice.LEAVE),
        ("", Choice.LEAVE),
        ("yes\n", Choice.LEAVE),
    ],
)
def test_only_a_clear_answer_starts_anything(monkeypatch: pytest.MonkeyPatch, typed: str, choice: Choice) -> None:
    for name, stream in (("stdin", Terminal(typed)), ("stdout", Terminal()), ("stderr", Terminal())):
        monkeypatch.setattr(sys, name, stream)
    found = Checkup(findings=(Finding(area="settings", verdict=Verdict.WELL, text="controller 'prod'"),))
    assert launching.offer(lambda: found) is choice
    assert isinstance(sys.stdout, Terminal)
    assert "controller 'prod'" in sys.stdout.getvalue()


def test_a_socket_that_nobody_serves_does_not_answer(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    assert not launching.answers(path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert launching.answers(path)
    assert not launching.answers(path)


def test_a_log_that_cannot_be_written_starts_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").touch()
    code = launching.start((), {}, state=tmp_path / "state", at=tmp_path / "control.sock", screen=_never)
    assert (code, "cannot be written" in capsys.readouterr().err) == (exits.USAGE, True)


def test_one_that_is_never_heard_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deaf = "import sys, time; print('I am deaf', flush=True); time.sleep(60)"
    monkeypatch.setattr(child, "command", lambda _: [sys.executable, "-c", deaf])
    monkeypatch.setattr(launching, "HEARD_WITHIN", 0.5)
    stopped: list[int | None] = []
    stop = child.stop

    def watched(process: subprocess.Popen[bytes]) -> None:
        stop(process)
        stopped.append(process.returncode)

    monkeypatch.setattr(child, "stop", watched)
    code = launching.start((), os.environ, state=tmp_path, at=tmp_path / "control.sock", screen=_never)
    told = capsys.readouterr().err
    assert (code, "was not heard within" in told, "I am deaf" in told) == (exits.FAILED, True, True)
    assert stopped == [-signal.SIGTERM]
    assert (tmp_path / "daemon.log").stat().st_mode & 0o777 == 0o600


BESIDE_US = """
import os, pathlib, sys, tempfile
from tui import child
child.command = lambda _: [sys.executable, "-c", "import time; time.sleep(60)"]
child.until_begun = lambda process, *_, **__: print(process.pid, flush=True) or sys.stdin.read()
with child.controller(pathlib.Path(tempfile.gettempdir()), os.environ, quiet=True):
    pass
"""


def test_a_controller_beside_us_ends_with_us_were_we_killed(tmp_path: Path) -> None:
    us = subprocess.Popen(
        [sys.executable, "-P", "-c", BESIDE_US],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert us.stdout is not None
    process = os.pidfd_open(int(us.stdout.readline()))
    us.kill()
    us.communicate()
    assert select.select([process], [], [], 10)[0]
    os.close(process)


def _never(**_: object) -> int:
    raise AssertionError("there is nothing to show")
