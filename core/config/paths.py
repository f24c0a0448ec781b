"""Where a daemon keeps its state and listens, and where a client looks for it (DESIGN.md section 4, Control socket).

Both sides go through the same places in the same order: the socket named in the settings, ``/run/arcdeck/<id>.sock``,
``<state>/<id>/control.sock``. Never in XDG_RUNTIME_DIR: that directory goes when its user logs out, and the daemon
stays.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.config.settings import Address

_RUN = Path("/run/arcdeck")
_ROOT_STATE = Path("/var/lib/arcdeck")
#: ``sun_path`` of a unix socket holds 108 bytes, the closing zero included (unix(7)).
_LONGEST_SOCKET = 107


@dataclass(frozen=True, slots=True)
class ControlPaths:
    """The places of one controller."""

    state: Path | None  #: directory of journal, log and lock; None when only a socket is known
    serve: Path  #: where its daemon listens
    candidates: tuple[Path, ...]  #: where a client looks, in this order


def control_paths(
    address: Address,
    *,
    environ: Mapping[str, str],
    uid: int,
    usable: Callable[[Path], bool],
) -> ControlPaths:
    """The places that follow from an address.

    ``usable`` tells whether a directory exists and can be written (``is_usable``). Raises ConfigurationError when no
    state directory follows from the environment, or when the socket's path is longer than the system allows.
    """
    if address.controller_id is None:
        if address.socket is None:
            raise ConfigurationError("which daemon? Set ARCDECK_SOCKET, ARCDECK_CONTROLLER_ID or ECS_CLUSTER")
        return ControlPaths(state=None, serve=_short_enough(address.socket), candidates=(address.socket,))
    state = (address.state_dir or state_root(environ, uid)) / address.controller_id
    if address.socket is not None:
        return ControlPaths(state, _short_enough(address.socket), (address.socket,))
    in_run, in_state = _RUN / f"{address.controller_id}.sock", state / "control.sock"
    serve = in_run if usable(_RUN) else _short_enough(in_state)
    return ControlPaths(state, serve, (in_run, in_state))


def state_root(environ: Mapping[str, str], uid: int) -> Path:
    """The state directory where ``ARCDECK_STATE_DIR`` does not name one.

    ``STATE_DIRECTORY`` as systemd sets it (its first directory), then the user's XDG state directory, then, for root
    without a home, ``/var/lib/arcdeck``. Raises ConfigurationError for anybody else without a home.
    """
    if by_systemd := environ.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(by_systemd)
    if (xdg := environ.get("XDG_STATE_HOME", "")).startswith("/"):  # a relative one is void (XDG base directories)
        return Path(xdg) / "arcdeck"
    if home := environ.get("HOME", ""):
        return Path(home) / ".local" / "state" / "arcdeck"
    if uid == 0:
        return _ROOT_STATE
    raise ConfigurationError("there is no home directory to keep the state in; set ARCDECK_STATE_DIR to a directory")


def is_usable(directory: Path) -> bool:
    """Whether a directory exists and this process can create files in it."""
    return directory.is_dir() and os.access(directory, os.W_OK | os.X_OK)


def _short_enough(socket: Path) -> Path:
    if len(os.fsencode(socket)) > _LONGEST_SOCKET:
        raise ConfigurationError(
            f"the control socket's path {socket} is longer than the {_LONGEST_SOCKET} bytes that the system allows; "
            "name a shorter one with ARCDECK_SOCKET"
        )
    return socket
