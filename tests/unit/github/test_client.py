"""Scale sets, runner groups and runners (sections 3 and 4; vectors V6 to V18)."""

import json

import pytest

from core.adapters.github import GitHubScaleSetClient
from core.domain.errors import (
    ConfigurationError,
    JobStillRunning,
    OutcomeUnknown,
    ProtocolError,
    RunnerExists,
    RunnerNotFound,
    ScaleSetExists,
    ScaleSetNotFound,
)
from core.domain.messages import RunnerRef, ScaleSetRef
from tests.unit.github.support import (
    ADMIN,
    AGENTS_PATH,
    AV,
    DISTRIBUTED_TASK,
    REST_RUNNERS_PATH,
    RUNNER,
    SETS_PATH,
    Answer,
    Server,
    bearer,
    leaks,
    query,
    refuses,
    says,
    sent,
    text,
)

SET_PATH = f"{SETS_PATH}/37"
JIT_PATH = f"{SET_PATH}/generatejitconfig"
AGENT_PATH = f"{AGENTS_PATH}/4711"
GROUPS_PATH = "/tenant-9f3a/_apis/runtime/runnergroups/"

LABELS = ("linux-small", "ecs-arc.managed")
SET = {
    "id": 37,
    "name": "linux-small",
    "runnerGroupId": 1,
    "runnerGroupName": "Default",
    "labels": [{"id": 501, "type": "System", "name": name} for name in LABELS],
    "runnerSetting": {"disableUpdate": True},
    "createdOn": "2029-12-31T22:10:04.1234567Z",
    "statistics": None,
}
REF = ScaleSetRef(37, "linux-small", 1, LABELS)
FOREIGN = {"id": 40, "name": "foreign", "runnerGroupId": 1, "labels": [{"type": "System", "name": "foreign"}]}
NOTHING = says({"count": 0, "value": []})
NO_SUCH_SET = refuses("RunnerScaleSetNotFoundException", 404, "No runner scale set found with identifier 37.")
NO_SUCH_AGENT = refuses("TaskAgentNotFoundException", 404, "No agent 4711 in pool 0.", DISTRIBUTED_TASK)
BUSY_AGENT = refuses("TaskAgentJobStillRunningException", 400, f"{RUNNER} has a job", DISTRIBUTED_TASK)
JIT = {"runner": {"id": 4711, "name": RUNNER, "runnerScaleSetId": 37}, "encodedJITConfig": "ZW5jb2RlZA=="}


def found(*items: object) -> Answer:
    return says({"count": len(items), "value": items})


# --- scale sets ----------------------------------------------------------------------------------------------------


# V6
async def test_a_scale_set_is_looked_up_by_name_in_its_group(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, found(SET))

    assert await client.get_scale_set("linux-small", 1) == REF
    assert query(server.last()) == {"runnerGroupId": "1", "name": "linux-small", **AV}
    assert bearer(server.last()) == ADMIN
    assert server.last().headers["Content-Type"] == "application/json"


async def test_the_controller_says_who_it_is(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, NOTHING)

    await client.get_scale_set("linux-small", 1)

    agents = [json.loads(request.headers["User-Agent"]) for request in server.requests]
    assert [(agent["system"], agent["subsystem"], agent["scale_set_id"]) for agent in agents] == [
        ("arcdeck", "controller", 0)
    ] * 3


# V6
async def test_a_name_with_special_characters_is_encoded(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, NOTHING)

    await client.get_scale_set("a&b #1", 1)

    assert b"name=a%26b%20%231" in server.last().url.query


# V6
@pytest.mark.parametrize("answer", [NOTHING, says({"count": 0, "value": [{"id": 1, "name": "x"}]}), says({"count": 0})])
async def test_a_count_of_zero_is_no_scale_set(client: GitHubScaleSetClient, server: Server, answer: Answer) -> None:
    server.on("GET", SETS_PATH, answer)

    assert await client.get_scale_set("linux-small", 1) is None


async def test_null_is_the_same_as_absent(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, found({**SET, "labels": None, "runnerGroupId": None}))

    assert await client.get_scale_set("linux-small", 1) == ScaleSetRef(37, "linux-small", 1, ())


# V6
async def test_two_scale_sets_of_one_name_are_an_error_that_names_them(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("GET", SETS_PATH, says({"count": 2, "value": [SET, FOREIGN]}, ActivityId="activity-7"))

    with pytest.raises(ProtocolError, match=r"activity-7.*2 times scale set 'linux-small'"):
        await client.get_scale_set("linux-small", 1)


@pytest.mark.parametrize(
    "answer",
    [
        says({}),
        says({"value": [SET]}),
        says({"count": 1, "value": []}),
        says({"count": 1, "value": [{"name": "linux-small"}]}),
        says(None),
        says([]),
        Answer(200),
    ],
)
async def test_an_answer_that_proves_nothing_is_neither_found_nor_absent(
    client: GitHubScaleSetClient, server: Server, answer: Answer
) -> None:
    server.on("GET", SETS_PATH, answer)

    with pytest.raises(ProtocolError):
        await client.get_scale_set("linux-small", 1)


# V7
async def test_all_scale_sets_of_a_group_are_listed(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, found(SET, FOREIGN))

    assert await client.list_scale_sets(1) == [REF, ScaleSetRef(40, "foreign", 1, ("foreign",))]
    assert query(server.last()) == {"runnerGroupId": "1", **AV}


async def test_a_list_shorter_than_its_count_is_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", SETS_PATH, says({"count": 3, "value": [SET, FOREIGN]}))

    with pytest.raises(ProtocolError, match="counts 3 items and holds 2"):
        await client.list_scale_sets(1)


# V8
@pytest.mark.parametrize("status", [200, 201])
async def test_a_scale_set_is_created_with_its_labels_and_without_runner_updates(
    client: GitHubScaleSetClient, server: Server, status: int
) -> None:
    server.on("POST", SETS_PATH, says(SET, status))

    assert await client.create_scale_set("linux-small", LABELS, 1) == REF
    assert query(server.last()) == AV
    assert sent(server.last()) == {
        "name": "linux-small",
        "runnerGroupId": 1,
        "labels": [{"type": "System", "name": name} for name in LABELS],
        "RunnerSetting": {"disableUpdate": True},
    }


# V8
async def test_a_scale_set_without_labels_gets_its_name_as_one(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", SETS_PATH, says(SET))

    await client.create_scale_set("linux-small", [], 1)

    assert sent(server.last())["labels"] == [{"type": "System", "name": "linux-small"}]


async def test_a_scale_set_without_name_and_labels_is_refused_without_a_request(
    client: GitHubScaleSetClient, server: Server
) -> None:
    with pytest.raises(ConfigurationError):
        await client.create_scale_set("", [], 1)

    assert server.requests == []


# V9, V10
async def test_a_name_that_is_taken_is_found_and_updated_instead(client: GitHubScaleSetClient, server: Server) -> None:
    updated = {**SET, "labels": [{"type": "System", "name": name} for name in ("linux-small", "gpu")]}
    server.on("POST", SETS_PATH, refuses("RunnerScaleSetExistsException", 400))
    server.on("GET", SETS_PATH, found(SET))
    server.on("PATCH", SET_PATH, says(updated))

    with pytest.raises(ScaleSetExists):
        await client.create_scale_set("linux-small", LABELS, 1)
    existing = await client.get_scale_set("linux-small", 1)
    assert existing is not None
    ref = await client.update_scale_set(existing.id, "linux-small", ["linux-small", "gpu"])

    assert ref.labels == ("linux-small", "gpu")
    assert query(server.last()) == AV
    assert sent(server.last()) == {
        "name": "linux-small",
        "labels": [{"type": "System", "name": "linux-small"}, {"type": "System", "name": "gpu"}],
        "RunnerSetting": {"disableUpdate": True},
    }


# V11: nothing here asks for a scale set by its id, so an update meets the refusal
async def test_updating_a_scale_set_that_is_gone_says_so(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("PATCH", SET_PATH, NO_SUCH_SET)

    with pytest.raises(ScaleSetNotFound, match="identifier 37"):
        await client.update_scale_set(37, "linux-small", LABELS)


# V12
@pytest.mark.parametrize("answer", [Answer(204), NO_SUCH_SET])
async def test_a_scale_set_is_deleted_or_was_gone_already(
    client: GitHubScaleSetClient, server: Server, answer: Answer
) -> None:
    server.on("DELETE", SET_PATH, answer)

    await client.delete_scale_set(37)

    assert query(server.last()) == AV


# V12
async def test_a_scale_set_that_cannot_be_deleted_now_is_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("DELETE", SET_PATH, text("cannot remove set 37 now", 400))

    with pytest.raises(ProtocolError, match=r"400 Bad Request.*cannot remove set 37 now"):
        await client.delete_scale_set(37)


# --- runner groups -------------------------------------------------------------------------------------------------


# V13
async def test_a_runner_group_is_looked_up_by_name(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", GROUPS_PATH, found({"id": 5, "name": "Build Farm", "size": 12, "isDefaultGroup": False}))

    assert await client.runner_group_id("Build Farm") == 5
    assert b"groupName=Build%20Farm" in server.last().url.query


# V13
async def test_a_runner_group_that_is_not_there_is_a_configuration_error(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("GET", GROUPS_PATH, NOTHING)

    with pytest.raises(ConfigurationError, match="Build Farm"):
        await client.runner_group_id("Build Farm")


@pytest.mark.parametrize("name", ["", "default", "Default"])
async def test_the_default_group_is_known_without_asking(
    client: GitHubScaleSetClient, server: Server, name: str
) -> None:
    assert await client.runner_group_id(name) == 1
    assert server.requests == []


# --- runners -------------------------------------------------------------------------------------------------------


# V14: what the config holds is the runner's business
async def test_a_jit_config_registers_a_runner(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", JIT_PATH, says(JIT))

    config = await client.generate_jit_config(37, RUNNER)

    assert (config.runner_id, config.runner_name, config.encoded.reveal()) == (4711, RUNNER, "ZW5jb2RlZA==")
    assert "ZW5jb2RlZA" not in repr(config)
    assert query(server.last()) == AV
    assert server.last().content == f'{{"name":"{RUNNER}","workFolder":"_work"}}'.encode()


# V15
async def test_a_runner_name_that_is_taken_is_told(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", JIT_PATH, refuses("TaskAgentExistsException", 409, "already present", DISTRIBUTED_TASK))

    with pytest.raises(RunnerExists, match="already present"):
        await client.generate_jit_config(37, RUNNER)


async def test_a_jit_config_of_a_scale_set_that_is_gone_is_told(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("POST", JIT_PATH, NO_SUCH_SET)

    with pytest.raises(ScaleSetNotFound):
        await client.generate_jit_config(37, RUNNER)


@pytest.mark.parametrize(
    "payload",
    [
        {"some": "object"},
        {**JIT, "encodedJITConfig": ""},
        {**JIT, "encodedJITConfig": 7},
        {**JIT, "runner": None},
        {**JIT, "runner": "ZW5jb2RlZA=="},
    ],
)
async def test_an_answer_without_runner_or_config_is_a_protocol_error_that_shows_nothing(
    client: GitHubScaleSetClient, server: Server, payload: dict[str, object]
) -> None:
    server.on("POST", JIT_PATH, says(payload))

    with pytest.raises(ProtocolError) as odd:
        await client.generate_jit_config(37, RUNNER)
    assert leaks(odd.value, ["ZW5jb2RlZA"]) == []


# V16
async def test_a_runner_is_looked_up_by_name(client: GitHubScaleSetClient, server: Server) -> None:
    server.on(
        "GET",
        AGENTS_PATH,
        found({"id": 4711, "name": RUNNER, "runnerScaleSetId": 37, "status": "offline", "createdOn": 7}),
    )

    assert await client.get_runner_by_name(RUNNER) == RunnerRef(4711, RUNNER, 37)
    assert query(server.last()) == {"agentName": RUNNER, **AV}


# V16
async def test_a_runner_that_is_not_registered_is_none(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", AGENTS_PATH, NOTHING)

    assert await client.get_runner_by_name(RUNNER) is None


# V16
async def test_two_runners_of_one_name_are_an_error(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("GET", AGENTS_PATH, found({"id": 1}, {"id": 2}))

    with pytest.raises(ProtocolError, match=RUNNER):
        await client.get_runner_by_name(RUNNER)


# V17
async def test_a_runner_is_removed(client: GitHubScaleSetClient, server: Server) -> None:
    server.on("DELETE", AGENT_PATH, Answer(204))

    await client.remove_runner(4711)

    assert query(server.last()) == AV


# V18
@pytest.mark.parametrize(("answer", "kind"), [(NO_SUCH_AGENT, RunnerNotFound), (BUSY_AGENT, JobStillRunning)])
async def test_a_runner_that_cannot_be_removed_is_told_why(
    client: GitHubScaleSetClient, server: Server, answer: Answer, kind: type[Exception]
) -> None:
    server.on("DELETE", AGENT_PATH, answer)

    with pytest.raises(kind):
        await client.remove_runner(4711)


@pytest.mark.parametrize("answer", [Answer(404), says({"message": "no route"}, 404), text("404 page not found", 404)])
async def test_a_404_that_does_not_name_the_runner_does_not_count_as_removed(
    client: GitHubScaleSetClient, server: Server, answer: Answer
) -> None:
    server.on("DELETE", AGENT_PATH, answer)

    with pytest.raises(ProtocolError):
        await client.remove_runner(4711)


async def test_while_the_service_is_away_the_rest_api_removes_the_runner(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("DELETE", AGENT_PATH, text("", 503))
    server.on("DELETE", f"{REST_RUNNERS_PATH}/4711", Answer(204))

    await client.remove_runner(4711)

    assert server.lines[-1] == f"DELETE {REST_RUNNERS_PATH}/4711"


# V32
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says({"message": f"Runner {RUNNER} is currently running a job"}, 422), JobStillRunning),
        (says({"message": "Not Found"}, 404), RunnerNotFound),
    ],
)
async def test_what_the_rest_api_says_of_the_runner_counts(
    client: GitHubScaleSetClient, server: Server, answer: Answer, kind: type[Exception]
) -> None:
    server.on("DELETE", AGENT_PATH, text("", 503))
    server.on("DELETE", f"{REST_RUNNERS_PATH}/4711", answer)

    with pytest.raises(kind):
        await client.remove_runner(4711)


async def test_when_neither_removes_the_runner_the_services_own_failure_is_told(
    client: GitHubScaleSetClient, server: Server
) -> None:
    server.on("DELETE", AGENT_PATH, text("service down", 503))
    server.on("DELETE", f"{REST_RUNNERS_PATH}/4711", text("rest down", 503))

    with pytest.raises(OutcomeUnknown, match="service down"):
        await client.remove_runner(4711)
    assert len(server.asked("DELETE", f"{REST_RUNNERS_PATH}/4711")) == 1
