"""The socket's place in the file system: one owner, the right modes, nothing foreign removed."""

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.adapters.control.socket_file import listening_socket
from core.domain.errors import ConfigurationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_socket_is_its_owners_alone(path: Path) -> None:
    with listening_socket(path, None):
        assert mode(path) == 0o600


def test_the_group_may_use_the_socket_when_there_is_one(path: Path) -> None:
    with listening_socket(path, os.getgid()):
        assert (mode(path), path.stat().st_gid) == (0o660, os.getgid())


@pytest.mark.parametrize(("group", "expected"), [(None, 0o700), (os.getgid(), 0o710)], ids=["alone", "with a group"])
def test_a_missing_directory_is_made_for_its_users_only(tmp_path: Path, group: int | None, expected: int) -> None:
    path = tmp_path / "arcdeck" / "prod.sock"
    with listening_socket(path, group):
        assert mode(path.parent) == expected


def test_where_there_are_readers_as_well_anybody_may_knock(tmp_path: Path) -> None:
    path = tmp_path / "arcdeck" / "prod.sock"
    with listening_socket(path, os.getgid(), anybody=True):
        assert (mode(path), mode(path.parent)) == (0o666, 0o711)


def test_an_existing_directory_keeps_its_mode(path: Path) -> None:
    path.parent.chmod(0o755)
    with listening_socket(path, None):
        assert mode(path.parent) == 0o755


def test_the_socket_goes_with_its_owner(path: Path) -> None:
    with listening_socket(path, None):
        pass
    assert not path.exists()


def test_a_socket_that_somebody_put_in_its_place_stays(path: Path) -> None:
    with listening_socket(path, None):
        path.unlink()
        path.write_text("not ours")
    assert path.read_text() == "not ours"


def test_a_second_owner_is_refused_and_the_first_keeps_its_socket(path: Path) -> None:
    with listening_socket(path, None):
        with pytest.raises(ConfigurationError, match=rf"\(process {os.getpid()}\) already serves"):
            listening_socket(path, None).__enter__()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_an_owner_of_another_process_is_refused_too(path: Path) -> None:
    holding = (
        "import sys; from pathlib import Path; from core.adapters.control.socket_file import listening_socket\n"
        "with listening_socket(Path(sys.argv[1]), None): print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ConfigurationError, match=rf"process {other.pid}\)"):
            listening_socket(path, None).__enter__()
        other.kill()
    with listening_socket(path, None):
        assert path.is_socket()


def test_a_socket_that_is_answered_is_never_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))
        stranger.listen()
        with pytest.raises(ConfigurationError, match="already serves"):
            listening_socket(path, None).__enter__()
        assert path.is_socket()


def test_a_file_that_is_no_socket_is_never_removed(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(ConfigurationError, match="is no socket"):
        listening_socket(path, None).__enter__()
    assert path.read_text() == "precious"


def test_a_path_the_kernel_cannot_take_is_refused_with_its_length(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 108)
    with pytest.raises(ConfigurationError, match=rf"has {len(os.fsencode(path))} bytes, the kernel takes 107"):
        listening_socket(path, None).__enter__()


def test_the_longest_path_the_kernel_takes_is_taken(tmp_path: Path) -> None:
    path = tmp_path / ("x" * (107 - len(os.fsencode(tmp_path)) - 1))
    with listening_socket(path, None):
        assert path.is_socket()


def test_a_directory_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be made: .*\.$"):
        listening_socket(tmp_path / "file" / "control.sock", None).__enter__()
