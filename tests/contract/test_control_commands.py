"""Commands over the control socket: what arrives, who sent it, and what is said to those that make no sense."""

import asyncio
import contextlib
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.control import Limits
from core.api.client import Refused
from core.api.commands import Answer, Command, DeregisterRunner, Operator, Outcome, SteerScaleSet, StopTask, SweepNow
from core.api.model import Hello, Problem, RunnerState
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.control_socket import READERS, a_client, answer_to, serving

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def room() -> FakeControlRoom:
    return FakeControlRoom()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


# --- acting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        StopTask(id="1", runner="linux-0", seen_state=RunnerState.IDLE, reason="stuck"),
        SweepNow(id="2"),
        DeregisterRunner(id="3", runner="linux-1"),
        SteerScaleSet(kind="pause", id="4", scale_set="linux"),
        SteerScaleSet(kind="retry", id="5", scale_set="linux"),
    ],
    ids=lambda command: command.kind,
)
async def test_a_command_arrives_as_sent_and_is_answered(room: FakeControlRoom, path: Path, command: Command) -> None:
    async with serving(room, path):
        answer = await a_client(path).execute(command)
    assert answer == Answer(id=command.id, outcome=Outcome.DONE, text=f"{command.kind} was carried out.")
    assert [arrived for arrived, _ in room.commands] == [command]


async def test_a_peer_that_may_only_look_is_told_so_and_nothing_of_it_reaches_the_engine(
    room: FakeControlRoom, path: Path
) -> None:
    async with serving(room, path, admitted=READERS):
        answer = await a_client(path).execute(StopTask(id="1", runner="linux-0"))
        async with contextlib.aclosing(a_client(path).stream()) as stream:
            hello = await anext(stream)
        looked = await a_client(path).snapshot()
    assert (answer.outcome, answer.text) == (Outcome.REFUSED, f"User {os.getuid()} may look here, and change nothing.")
    assert isinstance(hello, Hello)
    assert (hello.may_act, room.commands, bool(looked.runners)) == (False, [], True)


async def test_a_refusal_by_the_engine_is_an_answer(room: FakeControlRoom, path: Path) -> None:
    refusal = Answer(id="1", outcome=Outcome.REFUSED, text="linux-0 has become busy.")
    room.answer = lambda _command: refusal
    async with serving(room, path):
        assert await a_client(path).execute(StopTask(id="1", runner="linux-0")) == refusal


async def test_the_engine_learns_who_acts_and_what_they_claim(room: FakeControlRoom, path: Path) -> None:
    claims = {"SUDO_USER": "bøb", "SSH_CONNECTION": "10.0.0.7 52114 10.0.0.1 22\r\nX-Evil: 1", "HOME": "/root"}
    async with serving(room, path):
        await a_client(path, environ=claims).execute(SweepNow(id="1"))
    claimed = "SUDO_USER=bøb SSH_CONNECTION=10.0.0.7 52114 10.0.0.1 22␍␊X-Evil: 1"
    assert room.commands[0][1] == Operator(uid=os.getuid(), name="user-1000", claimed=claimed)


async def test_the_texts_of_a_command_are_made_safe_at_the_door(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        await a_client(path).execute(StopTask(id="1", runner="linux-0", reason="\x1b[2J"))
    assert room.commands[0][0] == StopTask(id="1", runner="linux-0", reason="␛[2J")


async def test_a_command_is_carried_through_though_its_sender_hangs_up(room: FakeControlRoom, path: Path) -> None:
    carried_out: list[Command] = []

    def answer(command: Command) -> Answer:
        carried_out.append(command)
        return Answer(id=command.id, outcome=Outcome.DONE, text="Done.")

    room.answer = answer
    room.may_finish.clear()
    async with serving(room, path):
        sender = asyncio.create_task(a_client(path).execute(SweepNow(id="1")))
        await room.until(lambda room: len(room.commands) == 1)
        sender.cancel()
        await asyncio.sleep(1)
        room.may_finish.set()
        await room.until(lambda room: room.under_way == 0)
    assert carried_out == [SweepNow(id="1")]


async def test_a_client_that_attached_read_only_may_not_act(room: FakeControlRoom, path: Path) -> None:
    client = a_client(path, read_only=True)
    async with serving(room, path):
        async with contextlib.aclosing(client.stream()) as stream:
            hello = await anext(stream)
        answer = await client.execute(SweepNow(id="1"))
    assert isinstance(hello, Hello)
    assert (hello.may_act, answer.outcome, room.commands) == (False, Outcome.REFUSED, [])


async def test_one_command_more_than_may_be_under_way_is_refused(room: FakeControlRoom, path: Path) -> None:
    room.may_finish.clear()
    async with serving(room, path, limits=Limits(commands=1)), asyncio.TaskGroup() as group:
        group.create_task(a_client(path).execute(SweepNow(id="1")))
        await room.until(lambda room: len(room.commands) == 1)
        with pytest.raises(Refused, match="try again in a moment"):
            await a_client(path).execute(SweepNow(id="2"))
        room.may_finish.set()


async def test_a_failing_engine_is_a_refusal_that_points_to_the_log(
    room: FakeControlRoom, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_command: Command) -> Answer:
        raise RuntimeError("engine")

    room.answer = fail
    async with serving(room, path):
        with pytest.raises(Refused, match="its log says why"):
            await a_client(path).execute(SweepNow(id="1"))
    assert "control request failed" in caplog.text


# --- what is not understood ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is not JSON"),
        (b"{", "The body is not JSON"),
        (b"[" * 5000, "The body is not JSON"),
        (b"[]", "The body: Input should be an object."),
        (b"{}", "kind: the field is missing"),
        (
            b'{"kind":"reboot"}',
            "kind: there is no command 'reboot'; known are 'stop-task', 'sweep', 'preview-sweep', 'deregister',",
        ),
        (b'{"kind":"sweep"}', "id: Field required."),
        (b'{"kind":"sweep","id":7}', "id: Input should be a valid string."),
        (b'{"kind":"sweep","id":""}', "id: String should have at least 1 character."),
        (b'{"kind":"stop-task","id":"1","runner":"a","seen_state":"asleep"}', "seen_state: Input should be"),
    ],
)
async def test_a_bad_command_is_answered_with_the_field_that_is_wrong(
    room: FakeControlRoom, path: Path, body: bytes, sentence: str
) -> None:
    async with serving(room, path), answer_to(path, "POST", "/v1/commands", body) as answer:
        assert answer.status == 400
        assert Problem.model_validate_json(await answer.read()).error.startswith(sentence)
    assert room.commands == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["sweep", "stop-task"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "id", "runner", "scale_set", "reason"]), inner, max_size=5)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80) | json_values)
async def test_whatever_is_posted_is_answered_in_json(body: object) -> None:
    room = FakeControlRoom()
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "control.sock"
        async with serving(room, path), answer_to(path, "POST", "/v1/commands", data) as answer:
            assert (answer.status, answer.content_type) in {(200, "application/json"), (400, "application/json")}
            assert (answer.status == 200) == (len(room.commands) == 1)


async def test_a_body_over_64_kib_is_refused(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path), answer_to(path, "POST", "/v1/commands", b" " * 65537) as answer:
        assert answer.status == 413
        assert Problem.model_validate_json(await answer.read()).error == "The request is larger than 65536 bytes."


async def test_a_body_that_is_not_what_its_encoding_says_is_damaged(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        reader, writer = await asyncio.open_unix_connection(path)
        head = b"POST /v1/commands HTTP/1.1\r\nHost: arcdeck\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n"
        writer.write(head + b"Connection: close\r\n\r\nnope")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b'{"error":"The request\'s body is damaged."}')


async def test_a_body_that_never_arrives_is_given_up_after_10_s(room: FakeControlRoom, path: Path) -> None:
    async with serving(room, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"POST /v1/commands HTTP/1.1\r\nHost: arcdeck\r\nContent-Length: 9\r\n\r\n{")
        began = asyncio.get_running_loop().time()
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")
        assert asyncio.get_running_loop().time() - began == 10
        writer.close()
        await writer.wait_closed()
