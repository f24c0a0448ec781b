"""The lines of the control protocol: whatever is sent arrives, and whatever else arrives is told apart."""

import contextlib
import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api import wire
from core.api.model import (
    ControllerView,
    Delta,
    EventView,
    Heartbeat,
    Hello,
    JobView,
    RunnerState,
    RunnerView,
    ScaleSetState,
    ScaleSetView,
    Snapshot,
    Update,
)
from core.api.trouble import MismatchKind, MismatchView, PlacementView, Remedy
from core.api.wire import Decoder, Message, ProtocolViolation, Unknown, encode

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.floats(allow_nan=False, allow_infinity=False)
numbers = st.integers(min_value=0, max_value=2**53)


def some(rows: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(rows, max_size=4).map(tuple)


jobs = st.builds(JobView, id=texts, name=texts, repository=texts, run_id=numbers, queued_at=st.none() | times)
runners = st.builds(
    RunnerView,
    name=texts,
    scale_set=texts,
    state=st.sampled_from(RunnerState),
    since=times,
    limit=st.none() | times,
    online=st.none() | st.booleans(),
    job=st.none() | jobs,
    exit_code=st.none() | st.integers(min_value=0, max_value=255),
    why=texts,
)
scale_sets = st.builds(
    ScaleSetView, name=texts, state=st.sampled_from(ScaleSetState), minimum=numbers, maximum=numbers, why=texts
)
events = st.builds(EventView, id=numbers, at=times, kind=texts, text=texts)
controllers = st.builds(ControllerView, id=texts, cluster=texts, started_at=times)
mismatches = st.builds(
    MismatchView,
    name=texts,
    kind=st.sampled_from(MismatchKind),
    since=times,
    limit=st.none() | times,
    remedy=st.sampled_from(Remedy),
    why=texts,
)
placements = st.builds(
    PlacementView,
    placement=texts,
    failures=numbers,
    since=times,
    until=times,
    reason=texts,
    waiting=st.lists(texts, max_size=3).map(tuple),
)
rows = {"scale_sets": some(scale_sets), "runners": some(runners), "events": some(events)}
gone = {"scale_sets_gone": some(texts), "runners_gone": some(texts)}
troubles = {"mismatches": some(mismatches), "placements": some(placements)}
unchanged = {kind: st.none() | found for kind, found in troubles.items()}
snapshots = st.builds(Snapshot, version=numbers, now=times, controller=controllers, **rows, **troubles)
deltas = st.builds(
    Delta, base=numbers, version=numbers, now=times, controller=st.none() | controllers, **rows, **gone, **unchanged
)
heartbeats = st.builds(Heartbeat, version=numbers, now=times)
hellos = st.builds(Hello, protocol=numbers, version=texts, controller=texts, may_act=st.booleans())
messages = st.lists(snapshots | deltas | heartbeats | hellos, max_size=4)


def decoded(data: Iterable[bytes], decoder: Decoder | None = None) -> list[Message]:
    decoder = decoder or Decoder()
    return [message for chunk in data for message in decoder.feed(chunk)]


def sent(*what: Hello | Update) -> bytes:
    return b"".join(line for message in what for line in encode(message))


def a_snapshot(count: int, why: str = "") -> Snapshot:
    fleet = [
        RunnerView(name=f"linux-{number}", scale_set="linux", state=RunnerState.IDLE, since=1.5, why=why)
        for number in range(count)
    ]
    return Snapshot(version=7, now=2.5, controller=ControllerView(id="prod", cluster="ci"), runners=tuple(fleet))


def a_delta(count: int) -> Delta:
    fleet = a_snapshot(count).runners
    return Delta(base=6, version=7, now=2.5, runners=fleet, runners_gone=tuple(f"gone-{row.name}" for row in fleet))


@given(messages, st.lists(st.integers(min_value=1, max_value=400), max_size=30))
def test_whatever_is_sent_arrives_however_it_is_cut(what: list[Hello | Update], sizes: list[int]) -> None:
    data = sent(*what)
    chunks = []
    for size in sizes:
        chunks.append(data[:size])
        data = data[size:]
    assert decoded([*chunks, data]) == what


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1200])
def test_a_snapshot_of_any_size_arrives_whole(count: int) -> None:
    assert decoded(encode(a_snapshot(count))) == [a_snapshot(count)]


@pytest.mark.parametrize("count", [0, 1, 250, 251, 1200])
def test_a_delta_of_any_size_arrives_whole(count: int) -> None:
    assert decoded(encode(a_delta(count))) == [a_delta(count)]


def test_no_line_holds_more_than_500_rows() -> None:
    lines = [json.loads(line) for line in encode(a_snapshot(1200))]
    assert [len(line["rows"]) for line in lines if line["type"] == "rows"] == [500, 500, 200]


def test_a_snapshot_begins_with_its_counts_and_ends_with_its_version() -> None:
    lines = [json.loads(line) for line in encode(a_snapshot(1200))]
    assert lines[0]["counts"] == {
        "scale_sets": 0,
        "runners": 1200,
        "events": 0,
        "mismatches": 0,
        "placements": 0,
    }
    assert lines[-1] == {"type": "end", "version": 7}


def test_a_small_delta_is_one_line() -> None:
    assert len(list(encode(a_delta(2)))) == 1


def test_a_large_delta_is_framed_and_says_what_it_follows() -> None:
    lines = [json.loads(line) for line in encode(a_delta(1200))]
    assert (lines[0]["type"], lines[0]["base"]) == ("begin", 6)


def test_long_texts_make_more_lines_and_not_longer_ones() -> None:
    wordy = a_snapshot(500, why="w" * 10_000)
    lines = list(encode(wordy))
    assert max(map(len, lines)) <= wire.LINE_AIM
    assert decoded(lines) == [wordy]


def test_every_line_names_its_type_first() -> None:
    data = sent(Hello(), a_snapshot(1), a_delta(1), Heartbeat(version=7, now=2.5))
    assert all(line.startswith(b'{"type":"') for line in data.splitlines())


def test_a_line_of_an_unknown_type_is_a_value() -> None:
    assert decoded([b'{"type":"weather","wind":3}\n']) == [Unknown("weather")]


def test_an_unknown_type_within_a_frame_does_not_harm_it() -> None:
    begin, *rest = encode(a_snapshot(1))
    assert decoded([begin, b'{"type":"weather"}\n', *rest]) == [Unknown("weather"), a_snapshot(1)]


def test_rows_of_an_unknown_kind_are_ignored() -> None:
    begin, *rest = encode(a_snapshot(1))
    assert decoded([begin, b'{"type":"rows","kind":"clouds","rows":[1,2]}\n', *rest]) == [a_snapshot(1)]


def test_unknown_fields_are_ignored() -> None:
    assert decoded([b'{"type":"heartbeat","version":3,"now":1.5,"mood":"calm"}\n']) == [Heartbeat(version=3, now=1.5)]


BEGIN = b'{"type":"begin","version":1,"now":1,"controller":{"id":"a","cluster":"b"},"counts":{"runners_gone":1}}\n'
END = b'{"type":"end","version":1}\n'
GONE = b'{"type":"rows","kind":"runners_gone","rows":["a"]}\n'
HEARTBEAT = b'{"type":"heartbeat","version":1,"now":1}\n'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\n", id="an empty line"),
        pytest.param(b"nonsense\n", id="no JSON"),
        pytest.param(b"[1]\n", id="no object"),
        pytest.param(b'{"version":1}\n', id="no type"),
        pytest.param(b'{"type":"heartbeat","version":"soon","now":1}\n', id="a field of the wrong type"),
        pytest.param(b'{"type":"delta","version":1,"now":1}\n', id="a field missing"),
        pytest.param(b"\xff\xfe\n", id="no UTF-8"),
        pytest.param(b"[" * 1000 + b"\n", id="nested too deep"),
        pytest.param(GONE, id="rows outside a frame"),
        pytest.param(END, id="an end without a beginning"),
        pytest.param(BEGIN + BEGIN, id="a beginning within a frame"),
        pytest.param(BEGIN + HEARTBEAT, id="a message within a frame"),
        pytest.param(BEGIN + END, id="fewer rows than announced"),
        pytest.param(BEGIN + GONE + GONE, id="more rows than announced"),
        pytest.param(BEGIN + GONE + b'{"type":"end","version":2}\n', id="the end of another version"),
        pytest.param(b'{"type":"begin","version":1,"now":1,"counts":{}}\n' + END, id="a snapshot without a controller"),
        pytest.param(
            b'{"type":"rows","kind":"runners_gone","rows":[' + b'"a",' * 500 + b'"a"]}\n', id="more than 500 rows"
        ),
    ],
)
def test_what_the_protocol_does_not_allow_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolViolation, match=r"\.$"):
        decoded([data])


def test_what_came_before_a_bad_line_is_still_handed_over() -> None:
    came = Decoder().feed(HEARTBEAT + b"nonsense\n")
    assert next(came) == Heartbeat(version=1, now=1)
    with pytest.raises(ProtocolViolation):
        next(came)


@pytest.mark.parametrize("chunks", [[b"x" * 101 + b"\n"], [b"x" * 60, b"x" * 60]], ids=["ended", "without an end"])
def test_a_line_over_the_limit_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(ProtocolViolation, match="longer than 100 bytes"):
        decoded(chunks, Decoder(max_line=100))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_messages_or_a_violation_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(ProtocolViolation):
        decoded([data, b"\n"])
