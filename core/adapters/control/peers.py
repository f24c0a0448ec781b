"""Who is at the other end of the socket: what the kernel says, who is admitted, and what the journal calls them.

The kernel's word (SO_PEERCRED, unix(7)) is taken when the peer connects and cannot be forged. The login uid is the
audit system's: set once at login, it survives sudo and su, so the journal names the person and not ``root``. What the
peer's environment says beside that is kept as *claimed* and decides nothing.
"""

from __future__ import annotations

import array
import asyncio
import grp
import pwd
import socket
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from core.api.commands import Operator
from core.api.wire import CLAIM_HEADERS
from core.domain.errors import ConfigurationError
from core.domain.text import plain

if TYPE_CHECKING:
    from asyncio.trsock import TransportSocket
    from collections.abc import Callable, Mapping

    from aiohttp import web

_ROOT: Final = 0
_UNSET_LOGIN: Final = 2**32 - 1  # proc(5): nobody has logged in above this process
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid
_SO_PEERGROUPS: Final = 59  # asm-generic/socket.h; Python has no name for it
_GROUPS_BYTES: Final = 1024  # the most Python's getsockopt takes: 256 groups
_NAME_PATIENCE: Final = 2.0  # seconds; a directory service may hang
_LONGEST_CLAIM: Final = 200  # characters of one claimed value


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that connected, as the kernel knew it at that moment."""

    pid: int  #: 0 when it lives in another pid namespace
    uid: int
    gid: int
    groups: frozenset[int] = frozenset()  #: supplementary; empty when there are more than 256


def peer_of(connection: socket.socket | TransportSocket) -> Peer:
    """The process at the other end of a connected unix socket."""
    pid, uid, gid = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    try:
        groups = array.array("I", connection.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _GROUPS_BYTES))
    except OSError:  # more groups than fit: whoever is admitted by uid or primary group still is
        return Peer(pid, uid, gid)
    return Peer(pid, uid, gid, frozenset(groups))


def peer_of_request(request: web.BaseRequest) -> Peer:
    """The process that sent a request. ConnectionResetError when it has hung up already."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the peer is gone")
    return peer_of(transport.get_extra_info("socket"))


@dataclass(frozen=True, slots=True)
class Admission:
    """Who may look, and who may act as well: root, the daemon's own user, and the members of a group.

    The members of a second group, the ``readers``, only look.
    """

    own_uid: int
    group: int | None = None
    readers: int | None = None

    def __call__(self, peer: Peer) -> bool:
        """Whether this peer may look."""
        return self.may_act(peer) or _belongs(peer, self.readers)

    def may_act(self, peer: Peer) -> bool:
        """Whether the commands of this peer are carried out."""
        return peer.uid in {_ROOT, self.own_uid} or _belongs(peer, self.group)


def _belongs(peer: Peer, group: int | None) -> bool:
    return group is not None and (group == peer.gid or group in peer.groups)


def group_id(name: str, setting: str) -> int:
    """The id of a group that a setting names; may wait for a directory service. ConfigurationError if none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise ConfigurationError(f"{setting} names {name!r}, but this host has no such group.") from error


def login_uid(pid: int) -> int | None:
    """The uid somebody logged in with to start this process; None for services, and where the kernel keeps none."""
    try:
        uid = int(Path(f"/proc/{pid}/loginuid").read_text())
    except (OSError, ValueError):
        return None
    return None if uid == _UNSET_LOGIN else uid


@lru_cache(maxsize=256)
def user_name(uid: int) -> str:
    """The user's name, or the number of one that has none; may wait for a directory service the first time."""
    try:
        return plain(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return str(uid)


class Operators:
    """Names the operators behind peers. Both look-ups are arguments; ``name_of`` runs in a thread, for 2 s at most."""

    def __init__(
        self, login_of: Callable[[int], int | None] = login_uid, name_of: Callable[[int], str] = user_name
    ) -> None:
        self._login_of = login_of
        self._name_of = name_of

    async def operator(self, peer: Peer, headers: Mapping[str, str]) -> Operator:
        """The operator for the journal: the peer's uid, the name of its login uid (else of its uid), what it claims."""
        login = self._login_of(peer.pid)
        uid = peer.uid if login is None else login
        try:
            async with asyncio.timeout(_NAME_PATIENCE):
                name = await asyncio.to_thread(self._name_of, uid)
        except TimeoutError:
            name = str(uid)
        return Operator(uid=peer.uid, name=name, claimed=_claimed(headers))


def _claimed(headers: Mapping[str, str]) -> str:
    values = {variable: unquote(headers.get(header, "")) for header, variable in CLAIM_HEADERS.items()}
    return " ".join(f"{variable}={plain(value, _LONGEST_CLAIM)}" for variable, value in values.items() if value)
