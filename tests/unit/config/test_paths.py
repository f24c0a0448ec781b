"""Where a daemon listens and keeps its state, and where a client looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config.paths import ControlPaths, control_paths, is_usable, state_root
from core.config.settings import Address
from core.domain.errors import ConfigurationError

HOME = {"HOME": "/home/ops"}
RUN = Path("/run/arcdeck")
STATE = Path("/home/ops/.local/state/arcdeck")
NAMED = Path("/srv/ci.sock")


def paths(address: Address, *, run_is_usable: bool = True, environ: dict[str, str] | None = None) -> ControlPaths:
    return control_paths(
        address,
        environ=HOME if environ is None else environ,
        uid=1000,
        usable=lambda directory: run_is_usable and directory == RUN,
    )


def test_a_named_socket_is_the_only_place() -> None:
    found = paths(Address("ci", socket=NAMED))
    assert (found.serve, found.candidates) == (NAMED, (NAMED,))


def test_a_daemon_listens_in_run_where_it_may() -> None:
    assert paths(Address("ci")).serve == RUN / "ci.sock"


def test_a_daemon_that_may_not_use_run_listens_in_its_state() -> None:
    assert paths(Address("ci"), run_is_usable=False).serve == STATE / "ci" / "control.sock"


@pytest.mark.parametrize("run_is_usable", [True, False])
def test_a_client_looks_in_run_first_and_in_the_state_second(run_is_usable: bool) -> None:
    expected = (RUN / "ci.sock", STATE / "ci" / "control.sock")
    assert paths(Address("ci"), run_is_usable=run_is_usable).candidates == expected


def test_each_controller_has_a_state_of_its_own() -> None:
    assert paths(Address("ci")).state == STATE / "ci"
    assert paths(Address("ci", state_dir=Path("/srv/state"))).state == Path("/srv/state/ci")


def test_a_socket_without_an_id_has_no_state() -> None:
    assert paths(Address(None, socket=NAMED)) == ControlPaths(None, NAMED, (NAMED,))


def test_nothing_to_go_by_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="which daemon"):
        paths(Address(None))


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"longer than the 107 bytes .* ARCDECK_SOCKET"):
        paths(Address("ci", state_dir=Path("/" + "d" * 100)), run_is_usable=False)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/arcdeck:/var/lib/other", "XDG_STATE_HOME": "/x"}, "/var/lib/arcdeck"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/home/ops"}, "/x/arcdeck"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/ops"}, "/home/ops/.local/state/arcdeck"),
        ({"HOME": "/home/ops"}, "/home/ops/.local/state/arcdeck"),
    ],
    ids=["systemd", "XDG", "a relative XDG directory is void", "home"],
)
def test_the_state_follows_from_the_environment(environ: dict[str, str], expected: str) -> None:
    assert state_root(environ, uid=1000) == Path(expected)


def test_root_without_a_home_keeps_its_state_in_var() -> None:
    assert state_root({}, uid=0) == Path("/var/lib/arcdeck")


def test_anybody_else_without_a_home_is_asked_for_a_directory() -> None:
    with pytest.raises(ConfigurationError, match="set ARCDECK_STATE_DIR"):
        state_root({}, uid=1000)


def test_a_directory_is_usable_and_a_file_or_nothing_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert is_usable(tmp_path)
    assert not is_usable(file)
    assert not is_usable(tmp_path / "absent")
