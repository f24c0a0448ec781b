from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from core.world.clock import WorldClock
from core.world.ecs import EcsWorld
from core.world.faults import ANY_OPERATION, Fault, FaultPlan
from tests.unit.world.ecs_stage import Stage, dice, ecs_stage

pytestmark = pytest.mark.virtual_time

SIGNED = "AWS4-HMAC-SHA256 Credential=AKID/20300101/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with ecs_stage() as stage:
        yield stage


async def other_service(request: web.Request) -> web.Response:
    return web.Response(text=f"{request.method} {request.path} {await request.text()}")


async def test_answers_are_in_the_aws_json_protocol(stage: Stage) -> None:
    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListTaskDefinitionFamilies"}
    async with stage.session.post(stage.url, data="{}", headers=headers) as response:
        assert response.headers["Content-Type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(("body", "text"), [("{", "JSON"), ("[]", "object"), ('{"cluster": 5}', "cluster")])
async def test_what_cannot_be_read_is_a_serialization_error(stage: Stage, body: str, text: str) -> None:
    status, answer = await stage.raw("ListTasks", body)
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert text in answer["message"]


async def test_an_empty_body_is_a_request_without_members(stage: Stage) -> None:
    assert (await stage.raw("ListTaskDefinitionFamilies", ""))[0] == 200


async def test_an_unknown_operation_is_named(stage: Stage) -> None:
    status, answer = await stage.raw("MoonTask", "{}")
    assert (status, answer["__type"]) == (400, "UnknownOperationException")
    assert "MoonTask" in answer["message"]


async def test_a_call_signed_for_ecs_without_a_target_is_ecs_business(stage: Stage) -> None:
    headers = {"Authorization": SIGNED.format("ecs")}
    async with stage.session.post(stage.url, data="{}", headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["__type"]) == (
            400,
            "UnknownOperationException",
        )


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Amz-Target": "AmazonSSM.GetParameter", "Authorization": SIGNED.format("ssm")},
        {"Authorization": SIGNED.format("secretsmanager")},
        {},
    ],
    ids=["with a target", "signed only", "unsigned"],
)
async def test_a_call_of_another_service_goes_to_the_fallback_unread(headers: dict[str, str]) -> None:
    async with (
        ecs_stage(fallback=other_service) as stage,
        stage.session.post(f"{stage.url}some/path", data="Action=X", headers=headers) as response,
    ):
        assert await response.text() == "POST /some/path Action=X"


async def test_a_call_of_another_service_without_a_fallback_is_not_implemented(stage: Stage) -> None:
    headers = {"Authorization": SIGNED.format("ssm")}
    async with stage.session.post(stage.url, headers=headers) as response:
        answer = await response.json(content_type=None)
    assert (response.status, answer["__type"]) == (501, "NotImplemented")
    assert "'ssm'" in answer["message"]


async def test_calls_are_counted_and_written_down_whatever_came_of_them(stage: Stage) -> None:
    await stage.clock.sleep(3)
    await stage.run()
    await stage.refused("RunTask", taskDefinition="nothing")
    await stage.call("ListTasks")
    assert stage.world.calls == {"RunTask": 2, "ListTasks": 1}
    log = [(stage.seconds(call.at), call.operation, call.outcome) for call in stage.world.log]
    assert log == [(3, "RunTask", "ok"), (3, "RunTask", "ClientException"), (3, "ListTasks", "ok")]


async def test_a_planned_throttle_is_refused_in_the_words_of_ecs(stage: Stage) -> None:
    stage.world.faults.add("RunTask", Fault("throttle"))
    refusal = await stage.refused("RunTask", taskDefinition="linux")
    assert (refusal.code, refusal.message) == ("ThrottlingException", "Rate exceeded")
    assert not stage.world.tasks


async def test_a_planned_status_is_answered_and_nothing_is_done(stage: Stage) -> None:
    body = {"__type": "AccessDeniedException", "message": "no"}
    stage.world.faults.add("RunTask", Fault("status", status=400, body=body))
    assert (await stage.refused("RunTask", taskDefinition="linux")).code == "AccessDeniedException"
    assert not stage.world.tasks


async def test_a_reset_call_does_nothing_and_is_written_down(stage: Stage) -> None:
    stage.world.faults.add(ANY_OPERATION, Fault("reset"))
    with pytest.raises(aiohttp.ClientError):
        await stage.send("RunTask", taskDefinition="linux")
    assert (len(stage.world.tasks), stage.world.log[-1].outcome) == (0, "reset")


async def test_a_slow_call_is_carried_out_when_its_latency_is_over(stage: Stage) -> None:
    stage.world.faults.add("RunTask", Fault("latency", seconds=4))
    task = await stage.run()
    assert stage.seconds(task.created_at) == 4


async def test_the_application_drops_the_timers_of_the_world_when_it_ends() -> None:
    async with ecs_stage() as stage:
        task = await stage.run()
    await stage.clock.sleep(600)
    assert task.last_status == "PENDING"


async def test_a_world_has_real_paces_and_documented_limits_unless_told_otherwise() -> None:
    rng = dice(1)
    world = EcsWorld(WorldClock(), rng, faults=FaultPlan(rng))
    assert (world.lifecycle.pace.pulling, world.throttle.lifted, dict(world.capacity.rooms)) == (20, False, {})
