"""The socket's place in the file system: one owner, the right modes, nothing left behind and nothing foreign removed.

The owner is whoever holds an exclusive lock on ``<socket>.lock``. The kernel drops it when the process ends in any way,
so a dead daemon never stands in the way; the lock file itself stays, since removing it would let two daemons lock two
different files of one name. Only under that lock is a socket replaced, and only one behind which nobody answers.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_PATH: Final = 107  # bytes: unix(7) gives 108, the last of which is the terminating zero
_BACKLOG: Final = 128


@contextmanager
def listening_socket(path: Path, group: int | None, *, anybody: bool = False) -> Iterator[socket.socket]:
    """A listening, non-blocking socket at ``path``: 0600, or 0660 and the group's when there is one.

    With ``anybody`` it is 0666, since a file has but one group: whoever listens has to ask the kernel who it is.
    A missing directory is made (0700, 0710 with a group, or 0711); an existing one is left as it is. The socket is
    removed at the end, if it is still ours. Raises ConfigurationError when another daemon serves it, or it cannot be
    had.
    """
    _require_short(path)
    with ExitStack() as held:
        try:
            _make_directory(path.parent, group, anybody=anybody)
            held.enter_context(_lock(path))
            listener = held.enter_context(_bound(path, group, anybody=anybody))
        except OSError as error:
            raise ConfigurationError(f"The control socket {path} cannot be made: {error.strerror or error}.") from error
        yield listener


def _require_short(path: Path) -> None:
    size = len(os.fsencode(path))
    if size > _LONGEST_PATH:
        raise ConfigurationError(
            f"The control socket's path has {size} bytes, the kernel takes {_LONGEST_PATH} at most; "
            f"name a shorter one with --socket or ARCDECK_SOCKET: {path}"
        )


def _make_directory(directory: Path, group: int | None, *, anybody: bool) -> None:
    if directory.is_dir():
        return
    directory.mkdir(mode=0o700, parents=True)
    if group is not None:
        os.chown(directory, -1, group)
    if group is not None or anybody:
        directory.chmod(0o711 if anybody else 0o710)  # who may pass through lists nothing


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the socket's lock, with our pid in it for the next who asks."""
    holder = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(path, os.pread(holder, 32, 0).decode(errors="replace").strip()) from error
        os.ftruncate(holder, 0)
        os.pwrite(holder, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(holder)


def _taken(path: Path, pid: str) -> ConfigurationError:
    who = f"Another arcdeck daemon (process {pid})" if pid.isdecimal() else "Another arcdeck daemon"
    return ConfigurationError(f"{who} already serves {path}; attach to it, or stop it first.")


@contextmanager
def _bound(path: Path, group: int | None, *, anybody: bool) -> Iterator[socket.socket]:
    """Bind where nobody lives. Nobody can connect before ``listen``, so the mode is set between the two."""
    _remove_stale(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.settimeout(0)
        listener.bind(os.fspath(path))
        ours = path.stat()
        try:
            if group is not None:
                os.chown(path, -1, group)
            path.chmod(0o666 if anybody else 0o600 if group is None else 0o660)
            listener.listen(_BACKLOG)
            yield listener
        finally:
            _remove_ours(path, ours)


def _remove_stale(path: Path) -> None:
    """Remove the socket of a dead daemon; anything else at the path is a reason to stop."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ConfigurationError(f"There is something at {path} that is no socket; remove it, or name another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0)
        code = probe.connect_ex(os.fspath(path))
    match code:
        case errno.ECONNREFUSED:
            path.unlink()
        case 0 | errno.EAGAIN:  # somebody answers, or would with less to do
            raise _taken(path, "")
        case _:
            raise OSError(code, os.strerror(code))


def _remove_ours(path: Path, ours: os.stat_result) -> None:
    with suppress(OSError):  # at the end a socket file that cannot be removed is only untidy
        if os.path.samestat(path.lstat(), ours):
            path.unlink()
