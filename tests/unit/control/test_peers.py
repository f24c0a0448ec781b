"""Who is at the other end of the socket, who is admitted, and what the journal calls them."""

import asyncio
import grp
import os
import pwd
import socket
from urllib.parse import quote

import pytest

from core.adapters.control.peers import Admission, Operators, Peer, group_id, login_uid, peer_of, user_name
from core.api.commands import Operator
from core.domain.errors import ConfigurationError

NOBODY_HAS = 3_999_999_999  # a uid outside of what any host gives away


def a_peer(uid: int = 1000, gid: int = 1000, groups: tuple[int, ...] = ()) -> Peer:
    return Peer(pid=1, uid=uid, gid=gid, groups=frozenset(groups))


@pytest.mark.parametrize(
    ("peer", "admitted"),
    [
        pytest.param(a_peer(uid=0), True, id="root"),
        pytest.param(a_peer(uid=500), True, id="the daemon's own user"),
        pytest.param(a_peer(gid=70), True, id="whose primary group it is"),
        pytest.param(a_peer(groups=(4, 70)), True, id="a member of the group"),
        pytest.param(a_peer(), False, id="somebody else"),
        pytest.param(a_peer(uid=70), False, id="a user with the group's number"),
    ],
)
def test_root_the_own_user_and_the_group_are_admitted(peer: Peer, *, admitted: bool) -> None:
    assert Admission(own_uid=500, group=70)(peer) is admitted


def test_readers_look_and_change_nothing() -> None:
    admission = Admission(own_uid=500, group=70, readers=80)
    reader, operator, stranger = a_peer(groups=(80,)), a_peer(groups=(70, 80)), a_peer()
    assert [admission(peer) for peer in (reader, operator, stranger)] == [True, True, False]
    assert [admission.may_act(peer) for peer in (reader, operator, stranger)] == [False, True, False]


def test_without_a_group_nobody_else_is_admitted() -> None:
    assert not Admission(own_uid=500)(a_peer(gid=0, groups=(0, 500)))


def test_the_kernel_names_the_process_at_the_other_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        peer = peer_of(here)
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.getuid(), os.getgid())
    assert peer.groups == set(os.getgroups())


def test_a_group_is_found_by_name() -> None:
    known = grp.getgrgid(os.getgid())
    assert group_id(known.gr_name, "ARCDECK_SOCKET_GROUP") == known.gr_gid


def test_a_group_that_is_not_there_is_named_with_its_setting() -> None:
    with pytest.raises(ConfigurationError, match="ARCDECK_SOCKET_GROUP names 'no-such-group'"):
        group_id("no-such-group", "ARCDECK_SOCKET_GROUP")


def test_a_user_is_called_by_name() -> None:
    assert user_name(os.getuid()) == pwd.getpwuid(os.getuid()).pw_name


def test_an_unknown_user_is_called_by_number() -> None:
    assert user_name(NOBODY_HAS) == str(NOBODY_HAS)


def test_a_process_that_has_ended_has_no_login() -> None:
    assert login_uid(2**30) is None


async def test_the_operator_is_whoever_logged_in() -> None:
    operators = Operators(login_of={1: 1000}.get, name_of={1000: "alice"}.__getitem__)
    assert await operators.operator(a_peer(uid=0), {}) == Operator(uid=0, name="alice")


async def test_the_operator_is_the_process_user_where_nobody_logged_in() -> None:
    operators = Operators(login_of=lambda _pid: None, name_of={0: "root"}.__getitem__)
    assert await operators.operator(a_peer(uid=0), {}) == Operator(uid=0, name="root")


async def test_what_is_claimed_is_cut_and_made_safe() -> None:
    operators = Operators(login_of=lambda _pid: None, name_of=str)
    headers = {"X-Arcdeck-Sudo-User": quote("\x1b[2J" + "a" * 500)}
    operator = await operators.operator(a_peer(), headers)
    assert operator.claimed == "SUDO_USER=␛[2J" + "a" * 195 + "…"


@pytest.mark.virtual_time
async def test_a_directory_service_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_arguments: object) -> str:
        await asyncio.Event().wait()
        return "never"

    monkeypatch.setattr(asyncio, "to_thread", hang)
    operator = await Operators(login_of=lambda _pid: 7, name_of=str).operator(a_peer(), {})
    assert operator.name == "7"
    assert asyncio.get_running_loop().time() == 2
