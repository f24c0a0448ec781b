"""Messages and shapes of the wire (sections 5.6 to 5.8 and 6.7; vectors V22, V23)."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.adapters.github import UnreadableMessage
from core.adapters.github.calls import GET_MESSAGE
from core.adapters.github.decode import decode_message
from core.adapters.github.reply import Reply, without_bom
from core.domain.errors import ProtocolError
from core.domain.messages import Job, JobMessageKind, Message, Statistics
from tests.unit.github.support import STATISTICS, job_batch

AVAILABLE = {
    "messageType": "JobAvailable",
    "runnerRequestId": 101,
    "acquireJobUrl": "https://queue.example.test/scalesets/acquirejobs?scope=37",
    "repositoryName": "arm-firmware",
    "ownerName": "acme-robotics",
    "jobWorkflowRef": "acme-robotics/arm-firmware/.github/workflows/ci.yml@refs/heads/main",
    "eventName": "push",
    "requestLabels": ["linux-small"],
    "queueTime": "2029-12-31T23:00:00Z",
}
ASSIGNED = {
    "messageType": "JobAssigned",
    "runnerRequestId": 0,
    "jobId": "7e0c2b50-0c5e-4b0f-9a51-5d8f5f0a0001",
    "jobDisplayName": "unit (3.11)",
    "workflowRunId": 8800112233,
    "repositoryName": "arm-firmware",
    "ownerName": "acme-robotics",
    "scaleSetAssignTime": "2029-12-31T23:00:01.1234567Z",
}
STARTED = {
    "messageType": "JobStarted",
    "runnerRequestId": 99,
    "jobId": "7e0c2b50-0c5e-4b0f-9a51-5d8f5f0a0002",
    "runnerId": 4711,
    "runnerName": "linux-small-0a1b2c3d",
    "runnerAssignTime": "2029-12-31T23:00:20.1234567Z",
}
COMPLETED = {
    "messageType": "JobCompleted",
    "runnerRequestId": 98,
    "jobId": "7e0c2b50-0c5e-4b0f-9a51-5d8f5f0a0003",
    "result": "canceled",
    "runnerId": 0,
    "runnerName": "",
    "finishTime": "0001-01-01T00:00:00Z",
}
UNKNOWN = {"messageType": "JobTeleported", "x": 1}


def envelope(**changes: object) -> dict[str, object]:
    return {"messageId": 100000004, "messageType": "RunnerScaleSetJobMessages", **changes}


def read(payload: object, *, mark: bytes = b"") -> Message:
    body = without_bom(mark + json.dumps(payload).encode())
    return decode_message(GET_MESSAGE, Reply("GET", "https://queue.example.test", 200, "OK", {}, body))


# V22
def test_one_message_holds_all_four_kinds_and_skips_the_unknown() -> None:
    batch = job_batch(AVAILABLE, ASSIGNED, STARTED, COMPLETED, UNKNOWN)

    message = read(envelope(body=batch, statistics=STATISTICS))

    assert message.id == 100000004
    assert [entry.kind for entry in message.jobs] == list(JobMessageKind)
    assert message.statistics == Statistics(available=1, assigned=3, running=1, registered=2, busy=1, idle=1)


def test_an_offered_job_is_read_whole() -> None:
    (offered,) = read(envelope(body=job_batch(AVAILABLE))).jobs

    assert offered.job == Job(
        id="",
        request_id=101,
        repository="acme-robotics/arm-firmware",
        workflow="acme-robotics/arm-firmware/.github/workflows/ci.yml@refs/heads/main",
        event="push",
        queued_at=datetime(2029, 12, 31, 23, tzinfo=UTC),
    )


def test_an_assigned_job_has_no_request_id_of_its_own() -> None:
    (assigned,) = read(envelope(body=job_batch(ASSIGNED))).jobs

    assert (assigned.job.request_id, assigned.job.name, assigned.job.run_id) == (0, "unit (3.11)", 8800112233)


def test_a_started_job_names_its_runner_and_since_when() -> None:
    (started,) = read(envelope(body=job_batch(STARTED))).jobs

    assert (started.runner_id, started.runner_name) == (4711, "linux-small-0a1b2c3d")
    assert started.assigned_to_runner_at == datetime(2029, 12, 31, 23, 0, 20, 123456, tzinfo=UTC)


def test_a_job_cancelled_before_a_runner_took_it_names_none_and_no_time() -> None:
    (completed,) = read(envelope(body=job_batch(COMPLETED))).jobs

    assert (completed.result, completed.runner_id, completed.runner_name) == ("canceled", 0, "")
    assert completed.finished_at is None


# V23
@pytest.mark.parametrize("body", [None, "", "  ", "[]", "null"])
def test_a_message_may_bring_statistics_only(body: str | None) -> None:
    assert read(envelope(body=body, statistics=STATISTICS)).jobs == ()


# V23
def test_a_message_may_bring_nothing_at_all() -> None:
    assert read(envelope()) == Message(id=100000004)


# V23
def test_a_byte_order_mark_changes_nothing() -> None:
    payload = envelope(body=job_batch(AVAILABLE), statistics=STATISTICS)

    assert read(payload, mark=b"\xef\xbb\xbf") == read(payload)


# V23
@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"messageType": "SomethingElse", "body": "[]"}, "unsupported message type: SomethingElse"),
        ({"messageType": None}, "unsupported message type"),
        ({"body": "{"}, "its batch is not JSON"),
        ({"body": "[" * 100_000}, "its batch is not JSON"),
        ({"body": "{}"}, "its batch is not a list"),
    ],
)
def test_a_message_that_cannot_be_read_can_be_acknowledged(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(UnreadableMessage, match=complaint) as unreadable:
        read(envelope(**changes))

    assert unreadable.value.message_id == 100000004


@pytest.mark.parametrize("payload", [{"messageType": "RunnerScaleSetJobMessages"}, [], "text", 7])
def test_what_is_no_message_is_a_protocol_error(payload: object) -> None:
    with pytest.raises(ProtocolError) as odd:
        read(payload)

    assert not isinstance(odd.value, UnreadableMessage)


@pytest.mark.parametrize("entry", [None, 7, "text", [], {}])
def test_an_entry_that_is_no_job_message_is_skipped(entry: object) -> None:
    assert len(read(envelope(body=job_batch(entry, STARTED))).jobs) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"queueTime": ""},
        {"queueTime": "yesterday"},
        {"queueTime": 1893452460},
        {"queueTime": "0001-01-01T00:00:00-08:00"},
        {"queueTime": "9999-12-31T23:59:59.9999999-08:00"},
        {"runnerId": "4711x"},
        {"runnerId": None},
        {"runnerId": True},
        {"workflowRunId": 2.5},
        {"eventName": {"name": "push"}},
        {"requestLabels": None},
    ],
    ids=str,
)
def test_an_odd_field_costs_that_field_only(odd: dict[str, object]) -> None:
    (entry,) = read(envelope(body=job_batch({**AVAILABLE, "queueTime": None, "runnerId": 0, **odd}))).jobs

    assert (entry.job.request_id, entry.runner_id, entry.job.queued_at) == (101, 0, None)


def test_keys_match_in_any_case() -> None:
    shouted = {key.upper(): value for key, value in STARTED.items()}

    assert read(envelope(body=job_batch(shouted))) == read(envelope(body=job_batch(STARTED)))


def test_names_from_outside_are_cleaned() -> None:
    (entry,) = read(envelope(body=job_batch({**ASSIGNED, "jobDisplayName": "a\x1b[2Jb\u202ec"}))).jobs

    assert entry.job.name == "a␛[2Jb\ufffdc"


def test_ids_may_be_larger_than_32_bits() -> None:
    assert read(envelope(messageId=2**40)).id == 2**40


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys([*AVAILABLE, *STARTED, *COMPLETED], json_values)))
def test_no_job_message_whatever_its_fields_costs_the_batch(fields: dict[str, object]) -> None:
    batch = job_batch({**fields, "messageType": "JobStarted"}, COMPLETED)

    assert len(read(envelope(body=batch)).jobs) == 2
