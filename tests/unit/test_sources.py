"""The file as a source of the runner configuration."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path, PosixPath
from typing import TYPE_CHECKING, Any

import pytest

from core.adapters.sources import LARGEST_FILE, FileSource
from core.domain.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from core.ports import ConfigSource


class FailingFile(PosixPath):
    """A path that cannot be opened for a reason that a test, which may run as root, cannot make happen."""

    failure: OSError

    def open(self, *_args: Any, **_kwargs: Any) -> Any:
        raise self.failure


class WatchedFile(PosixPath):
    """A path that remembers in which threads it was opened."""

    threads: list[threading.Thread]

    def open(self, *args: Any, **kwargs: Any) -> Any:
        self.threads.append(threading.current_thread())
        return super().open(*args, **kwargs)


def failing(failure: OSError) -> FailingFile:
    path = FailingFile("/etc/runners.toml")
    path.failure = failure
    return path


async def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_bytes("# größer\n".encode())
    source: ConfigSource = FileSource(file)
    assert (await source.read()).text == "# größer\n"
    file.write_text("# new\n")
    assert (await source.read()).text == "# new\n"


async def test_the_version_is_the_digest_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_bytes(b"a = 1\r\n")
    assert (await FileSource(file).read()).version == hashlib.sha256(b"a = 1\r\n").hexdigest()


async def test_the_same_bytes_written_anew_keep_their_version(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_text("a = 1")
    before = (await FileSource(file).read()).version
    file.unlink()
    file.write_text("a = 1")
    assert (await FileSource(file).read()).version == before


async def test_a_file_that_was_replaced_is_followed(tmp_path: Path) -> None:
    file, other = tmp_path / "runners.toml", tmp_path / "other.toml"
    file.write_text("a = 1")
    source = FileSource(file)
    await source.read()
    other.write_text("a = 2")
    other.replace(file)
    assert (await source.read()).text == "a = 2"


async def test_the_event_loop_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    file = WatchedFile(tmp_path / "runners.toml")
    file.threads = []
    file.touch()
    await FileSource(file).read()
    assert file.threads
    assert threading.current_thread() not in file.threads


async def test_a_missing_file_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        await FileSource(tmp_path / "absent.toml").read()
    assert raised.value.message == (
        f"the runner configuration {tmp_path / 'absent.toml'} does not exist; correct TOML_CONFIG_FILE or the file"
    )


async def test_a_directory_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is a directory"):
        await FileSource(tmp_path).read()


async def test_a_file_that_may_not_be_read_is_named_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match=r"/etc/runners\.toml may not be read by this user; change its owner"):
        await FileSource(failing(PermissionError(13, "Permission denied"))).read()


async def test_a_failing_disk_may_be_better_later() -> None:
    with pytest.raises(Unavailable, match=r"/etc/runners\.toml cannot be read now: Input/output error"):
        await FileSource(failing(OSError(5, "Input/output error"))).read()


async def test_a_file_that_is_not_utf_8_is_named_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_bytes(b"a = 1\n# gr\xf6\xdfer\n")
    with pytest.raises(ConfigurationError, match=r"is not UTF-8 \(line 2\); save it as UTF-8"):
        await FileSource(file).read()


async def test_a_file_too_large_to_be_a_configuration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_bytes(b"#" * (LARGEST_FILE + 1))
    with pytest.raises(ConfigurationError, match="is larger than 1048576 bytes"):
        await FileSource(file).read()
