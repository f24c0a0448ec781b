"""The contract of ``core.ports.ScaleSetClient`` and ``MessageSession``, kept against a GitHub written without them.

Nothing is scripted: the answers are those of a service with a state, over real HTTP, which checks each request as it
is sent (credential, scheme, api version, User-Agent, capacity header). Time is virtual, and one for both sides.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core.adapters.github import AppCredentials, GitHubScaleSetClient, TokenCredentials
from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    CredentialsRejected,
    JobStillRunning,
    OutcomeUnknown,
    RunnerExists,
    RunnerNotFound,
    ScaleSetExists,
    ScaleSetNotFound,
    SessionConflict,
    SessionGone,
    Throttled,
    Unavailable,
)
from core.domain.messages import JobMessageKind, Message, ScaleSetRef, Statistics
from core.domain.secret import Secret
from core.ports import MessageSession, ScaleSetClient
from core.world.clock import WorldClock
from core.world.faults import Fault
from core.world.github import (
    Credentials,
    Flow,
    GitHubWorld,
    Quirks,
    RemovedBy,
    RunnerGroup,
    Timings,
    TokenKind,
)
from tests.virtual_time import EPOCH, VirtualClock, running_loop

pytestmark = pytest.mark.virtual_time

PAT = "personal-token"
INSTALLATION = 987654
NAME = "linux-small"
RUNNER = f"{NAME}-0a1b2c3d"
LABELS = (NAME, "ecs-arc.managed")


def github(*, flow: Flow = "broker", quirks: Quirks | None = None, timings: Timings | None = None) -> GitHubWorld:
    """A GitHub that knows one person."""
    return GitHubWorld(
        WorldClock(EPOCH),
        random.Random(1),
        flow=flow,
        quirks=quirks,
        timings=timings,
        credentials=Credentials(personal_access_tokens=frozenset({PAT})),
        groups=(RunnerGroup(1, "Default"), RunnerGroup(5, "Build Farm")),
    )


@asynccontextmanager
async def served(world: GitHubWorld) -> AsyncIterator[str]:
    """The config URL of this GitHub's organization, while it is served."""
    runner = web.AppRunner(world.app, handler_cancellation=True, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/{world.org}"
    finally:
        await runner.cleanup()


def client_for(config_url: str, credentials: AppCredentials | TokenCredentials | None = None) -> GitHubScaleSetClient:
    return GitHubScaleSetClient(
        config_url=config_url,
        credentials=credentials or TokenCredentials(Secret(PAT)),
        clock=VirtualClock(),
        rng=random.Random(1),
        version="0.1.0",
    )


@dataclass
class Stage:
    """A GitHub and a client of it, seen through the port."""

    world: GitHubWorld
    client: ScaleSetClient

    async def scale_set(self) -> int:
        """Create the scale set."""
        return (await self.client.create_scale_set(NAME, LABELS, 1)).id

    async def session(self) -> tuple[int, MessageSession]:
        """Create the scale set and open its session."""
        scale_set_id = await self.scale_set()
        return scale_set_id, await self.client.open_session(scale_set_id, "host-1")

    async def busy_runner(self) -> int:
        """Bring a runner to work; its id."""
        scale_set_id, session = await self.session()
        self.world.enqueue_job(NAME)
        await session.next_message(0, 10)
        config = await self.client.generate_jit_config(scale_set_id, RUNNER)
        self.world.connect(config.encoded.reveal())
        assert self.world.take_job(config.runner_id) is not None
        return config.runner_id


@asynccontextmanager
async def on_stage(world: GitHubWorld) -> AsyncIterator[Stage]:
    async with served(world) as config_url, client_for(config_url) as client:
        yield Stage(world, client)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with on_stage(github()) as made:
        yield made


def kinds(message: Message | None) -> list[str]:
    assert message is not None
    return [entry.kind.value for entry in message.jobs]


# --- the happy path (section 12) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("byte_order_mark", [False, True], ids=["", "with byte order marks"])
@pytest.mark.parametrize("flow", ["broker", "acquire"])
async def test_a_job_goes_from_its_queue_to_its_end(flow: Flow, byte_order_mark: bool) -> None:
    async with on_stage(github(flow=flow, quirks=Quirks(byte_order_mark=byte_order_mark))) as stage:
        world, client = stage.world, stage.client
        scale_set_id, session = await stage.session()
        assert session.statistics == Statistics()
        job = world.enqueue_job(NAME, name="unit")

        message = await session.next_message(0, 10)
        if flow == "acquire":
            assert kinds(message) == ["JobAvailable"]
            assert message is not None
            assert await session.acquire([job.request_id, 999]) == [job.request_id]
            await session.acknowledge(message.id)
            message = await session.next_message(message.id, 10)
        assert kinds(message) == ["JobAssigned"]
        assert message is not None
        assert message.statistics is not None
        assert message.statistics.assigned == 1
        assert message.jobs[0].job.name == "unit"

        config = await client.generate_jit_config(scale_set_id, RUNNER)
        await session.acknowledge(message.id)
        world.connect(config.encoded.reveal())
        world.take_job(config.runner_id)

        started = await session.next_message(message.id, 10)
        assert kinds(started) == ["JobStarted"]
        assert started is not None
        assert (started.jobs[0].runner_name, started.jobs[0].runner_id) == (RUNNER, config.runner_id)
        await session.acknowledge(started.id)

        world.finish_job(job.id)
        completed = await session.next_message(started.id, 10)
        assert kinds(completed) == ["JobCompleted"]
        assert completed is not None
        assert completed.jobs[0].result == "succeeded"
        assert completed.statistics == Statistics()
        with pytest.raises(RunnerNotFound):
            await client.remove_runner(config.runner_id)
        await session.acknowledge(completed.id)

        await session.close()
        assert [call.request for call in world.log if call.status not in {200, 201, 204, 404}] == []


async def test_an_app_proves_itself_by_its_signature() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    known = Credentials(app_public_key=key.public_key(), installation_id=INSTALLATION)
    world = GitHubWorld(WorldClock(EPOCH), random.Random(1), credentials=known)
    async with served(world) as config_url:
        async with client_for(config_url, AppCredentials("app", INSTALLATION, Secret(pem))) as client:
            assert await client.list_scale_sets(1) == []
            assert await client.list_runners() == []
        async with client_for(config_url, AppCredentials("app", 1, Secret(pem))) as client:
            with pytest.raises(ConfigurationError):
                await client.list_runners()

    assert world.calls["installation_token"] == 2


async def test_an_unknown_person_is_not_admitted() -> None:
    stranger = TokenCredentials(Secret("stranger"))
    async with served(github()) as config_url, client_for(config_url, stranger) as client:
        with pytest.raises(CredentialsRejected):
            await client.list_scale_sets(1)


async def test_where_jobs_are_assigned_without_being_claimed_nothing_can_be_claimed(stage: Stage) -> None:
    _, session = await stage.session()

    assert await session.acquire([101]) == []


# --- scale sets ----------------------------------------------------------------------------------------------------


async def test_a_scale_set_is_found_listed_updated_and_deleted(stage: Stage) -> None:
    client = stage.client
    made = await client.create_scale_set(NAME, LABELS, 1)

    assert made == ScaleSetRef(made.id, NAME, 1, LABELS)
    assert await client.get_scale_set(NAME, 1) == made
    assert await client.list_scale_sets(1) == [made]
    assert (await client.update_scale_set(made.id, NAME, [NAME, "gpu"])).labels == (NAME, "gpu")

    await client.delete_scale_set(made.id)
    await client.delete_scale_set(made.id)
    assert await client.get_scale_set(NAME, 1) is None
    assert await client.list_scale_sets(1) == []


@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "wrapped"])
async def test_a_name_can_be_taken_once(wrapped: bool) -> None:
    async with on_stage(github(quirks=Quirks(wrapped_errors=wrapped))) as stage:
        await stage.scale_set()

        with pytest.raises(ScaleSetExists):
            await stage.scale_set()


async def test_a_name_with_special_characters_is_itself_again(stage: Stage) -> None:
    made = await stage.client.create_scale_set("a&b #1 ü", ["x"], 1)

    assert await stage.client.get_scale_set("a&b #1 ü", 1) == made


async def test_a_scale_set_that_vanished_is_not_found(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    stage.world.controls.vanish_scale_set(scale_set_id)

    with pytest.raises(ScaleSetNotFound):
        await stage.client.update_scale_set(scale_set_id, NAME, LABELS)
    with pytest.raises(ScaleSetNotFound):
        await stage.client.open_session(scale_set_id, "host-1")
    with pytest.raises(ScaleSetNotFound):
        await stage.client.generate_jit_config(scale_set_id, RUNNER)


async def test_runner_groups_are_known_by_name(stage: Stage) -> None:
    assert await stage.client.runner_group_id("default") == 1
    assert await stage.client.runner_group_id("Build Farm") == 5
    with pytest.raises(ConfigurationError, match="nobody"):
        await stage.client.runner_group_id("nobody")


# --- runners -------------------------------------------------------------------------------------------------------


async def test_a_registration_is_made_found_and_removed(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    config = await stage.client.generate_jit_config(scale_set_id, RUNNER)

    found = await stage.client.get_runner_by_name(RUNNER)
    assert found is not None
    assert (found.id, found.name, found.scale_set_id) == (config.runner_id, RUNNER, scale_set_id)
    with pytest.raises(RunnerExists):
        await stage.client.generate_jit_config(scale_set_id, RUNNER)

    await stage.client.remove_runner(config.runner_id)
    assert await stage.client.get_runner_by_name(RUNNER) is None


async def test_a_registration_whose_answer_was_lost_may_exist_and_is_made_once(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    stage.world.faults.add("generate_jit_config", Fault("answer_lost"))

    with pytest.raises(OutcomeUnknown):
        await stage.client.generate_jit_config(scale_set_id, RUNNER)

    assert stage.world.calls["generate_jit_config"] == 1
    assert await stage.client.get_runner_by_name(RUNNER) is not None


@pytest.mark.parametrize("status", [400, 409])
async def test_a_busy_runner_is_not_removed(status: Any) -> None:
    async with on_stage(github(quirks=Quirks(job_still_running_status=status))) as stage:
        runner_id = await stage.busy_runner()

        with pytest.raises(JobStillRunning):
            await stage.client.remove_runner(runner_id)


async def test_a_runner_that_is_gone_is_not_found(stage: Stage) -> None:
    with pytest.raises(RunnerNotFound):
        await stage.client.remove_runner(4_000_000_000)


async def test_a_service_that_forgives_unknown_runners_has_removed_them() -> None:
    async with on_stage(github(quirks=Quirks(forgives_unknown_runners=True))) as stage:
        await stage.client.remove_runner(4_000_000_000)


async def test_while_the_service_is_away_a_runner_is_removed_through_rest(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    config = await stage.client.generate_jit_config(scale_set_id, RUNNER)
    stage.world.faults.add("remove_runner", Fault("status", status=503), times=None)

    await stage.client.remove_runner(config.runner_id)

    assert stage.world.registrations_removed == {RemovedBy.REST: 1}


async def test_while_the_service_is_away_a_busy_runner_is_still_not_removed(stage: Stage) -> None:
    runner_id = await stage.busy_runner()
    stage.world.faults.add("remove_runner", Fault("status", status=503), times=None)

    with pytest.raises(JobStillRunning):
        await stage.client.remove_runner(runner_id)


async def test_every_page_of_runners_is_listed(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    for number in range(205):
        await stage.client.generate_jit_config(scale_set_id, f"{NAME}-{number:08x}")

    runners = await stage.client.list_runners()

    assert {runner.name for runner in runners} == {f"{NAME}-{number:08x}" for number in range(205)}
    assert stage.world.calls["list_runners"] == 3


async def test_the_list_tells_who_is_online_and_busy(stage: Stage) -> None:
    runner_id = await stage.busy_runner()

    (runner,) = await stage.client.list_runners()

    assert (runner.id, runner.name, runner.online, runner.busy) == (runner_id, RUNNER, True, True)
    assert NAME in runner.labels


async def test_an_exhausted_rate_limit_is_waited_for_without_asking() -> None:
    world = github()
    async with served(world) as config_url, client_for(config_url) as client:
        await client.list_runners()
        assert client.rate is not None
        assert (client.rate.limit, client.rate.remaining) == (5000, 4999)
        world.controls.exhaust_rate_limit()
        for _ in range(2):
            with pytest.raises(Throttled) as throttled:
                await client.list_runners()

        assert world.calls["list_runners"] == 2
        assert throttled.value.retry_after == pytest.approx(3600, abs=1)
        await asyncio.sleep(throttled.value.retry_after or 0)
        assert await client.list_runners() == []


# --- the message session -------------------------------------------------------------------------------------------


async def test_a_poll_without_news_ends_after_the_hold_time(stage: Stage) -> None:
    _, session = await stage.session()
    started = running_loop().time()

    assert await session.next_message(0, 10) is None
    assert running_loop().time() - started == 50


async def test_a_message_comes_again_until_it_is_acknowledged(stage: Stage) -> None:
    _, session = await stage.session()
    stage.world.enqueue_job(NAME)

    first = await session.next_message(0, 10)
    again = await session.next_message(0, 10)
    assert first is not None
    assert again is not None
    assert first.id == again.id
    await session.acknowledge(first.id)
    await session.acknowledge(first.id)

    assert await session.next_message(0, 10) is None


async def test_a_scale_set_has_one_session_and_the_next_waits_for_its_end(stage: Stage) -> None:
    scale_set_id, session = await stage.session()
    with pytest.raises(SessionConflict):
        await stage.client.open_session(scale_set_id, "host-2")

    await session.close()

    assert (await stage.client.open_session(scale_set_id, "host-2")).id != session.id


async def test_a_session_whose_answer_was_lost_blocks_until_it_is_idle_long_enough(stage: Stage) -> None:
    scale_set_id = await stage.scale_set()
    stage.world.faults.add("create_session", Fault("answer_lost"))
    with pytest.raises(OutcomeUnknown):
        await stage.client.open_session(scale_set_id, "host-1")

    with pytest.raises(SessionConflict):
        await stage.client.open_session(scale_set_id, "host-1")
    await asyncio.sleep(91)
    await stage.client.open_session(scale_set_id, "host-1")


async def test_a_session_without_a_queue_does_not_block_the_next() -> None:
    quirks = Quirks(empty_queue_url=True)
    async with on_stage(github(quirks=quirks)) as stage:
        scale_set_id = await stage.scale_set()
        with pytest.raises(Unavailable):
            await stage.client.open_session(scale_set_id, "host-1")

        quirks.empty_queue_url = False
        await stage.client.open_session(scale_set_id, "host-1")


@pytest.mark.parametrize("status", [401, 404, 410])
async def test_an_evicted_session_is_gone(status: Any) -> None:
    async with on_stage(github(quirks=Quirks(gone_session_status=status))) as stage:
        scale_set_id, session = await stage.session()
        stage.world.controls.evict_session(scale_set_id)

        with pytest.raises(SessionGone):
            await session.next_message(0, 10)
        await session.close()


@pytest.mark.parametrize("kind", [TokenKind.ADMIN, TokenKind.QUEUE, TokenKind.INSTALLATION, TokenKind.REGISTRATION])
async def test_a_token_that_became_worthless_is_replaced_without_notice(stage: Stage, kind: TokenKind) -> None:
    _, session = await stage.session()
    stage.world.enqueue_job(NAME)
    stage.world.controls.expire_tokens(kind)

    message = await session.next_message(0, 10)

    assert message is not None
    assert message.of(JobMessageKind.ASSIGNED)
    assert await stage.client.get_scale_set(NAME, 1) is not None


async def test_a_session_outlives_its_tokens_by_polling() -> None:
    timings = Timings(queue_token_life=1000, admin_token_life=700)
    async with on_stage(github(timings=timings)) as stage:
        _, session = await stage.session()
        ends = running_loop().time() + 2 * 3600
        while running_loop().time() < ends:
            assert await session.next_message(0, 10) is None

        assert stage.world.calls["refresh_session"] == 10
        assert [call for call in stage.world.log if call.status == 401] == []


async def test_an_empty_answer_of_the_queue_is_no_message(stage: Stage) -> None:
    _, session = await stage.session()
    stage.world.faults.add("get_message", Fault("status", status=200))

    assert await session.next_message(0, 10) is None


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("answer_lost"), Fault("status", status=503)])
async def test_a_poll_that_was_cut_off_loses_nothing(stage: Stage, fault: Fault) -> None:
    _, session = await stage.session()
    stage.world.enqueue_job(NAME)
    stage.world.faults.add("get_message", fault)

    with pytest.raises(OutcomeUnknown):
        await session.next_message(0, 10)
    assert kinds(await session.next_message(0, 10)) == ["JobAssigned"]


async def test_a_poll_that_hears_nothing_ends_after_ninety_seconds(stage: Stage) -> None:
    _, session = await stage.session()
    stage.world.faults.add("get_message", Fault("latency", seconds=600))
    started = running_loop().time()

    with pytest.raises(OutcomeUnknown):
        await session.next_message(0, 10)
    assert running_loop().time() - started == 90


async def test_a_cancelled_poll_loses_nothing(stage: Stage) -> None:
    _, session = await stage.session()
    poll = asyncio.create_task(session.next_message(0, 0))
    await asyncio.sleep(10)
    poll.cancel()
    await asyncio.wait({poll})
    stage.world.enqueue_job(NAME)

    assert kinds(await session.next_message(0, 1)) == ["JobAssigned"]


async def test_a_hundred_polls_do_not_wait_for_one_another_nor_for_short_calls(stage: Stage) -> None:
    sessions = []
    for number in range(101):
        made = await stage.client.create_scale_set(f"set-{number}", [], 1)
        sessions.append(await stage.client.open_session(made.id, "host-1"))
    started = running_loop().time()
    polls = [asyncio.create_task(session.next_message(0, 10)) for session in sessions]
    await asyncio.sleep(1)

    assert len(await stage.client.list_scale_sets(1)) == 101
    assert running_loop().time() - started == 1
    assert await asyncio.gather(*polls) == [None] * 101
    assert running_loop().time() - started == 50


async def test_closing_the_client_ends_its_polls_at_once() -> None:
    async with served(github()) as config_url:
        async with client_for(config_url) as client:
            made = await client.create_scale_set(NAME, LABELS, 1)
            session = await client.open_session(made.id, "host-1")
            poll = asyncio.create_task(session.next_message(0, 10))
            await asyncio.sleep(10)
            before = running_loop().time()
        assert running_loop().time() == before
        with pytest.raises(OutcomeUnknown):
            await poll


# --- trouble -------------------------------------------------------------------------------------------------------


async def test_throttling_of_the_service_is_waited_out(stage: Stage) -> None:
    await stage.scale_set()
    stage.world.faults.add("get_scale_set", Fault("throttle", seconds=3), times=2)
    started = running_loop().time()

    assert await stage.client.get_scale_set(NAME, 1) is not None
    assert 6 <= running_loop().time() - started <= 7.5


@pytest.mark.parametrize("fault", [Fault("reset"), Fault("answer_lost"), Fault("status", status=500)])
@pytest.mark.parametrize("operation", ["registration_token", "admin_connection", "get_scale_set"])
async def test_a_hiccup_on_the_way_is_not_noticed(stage: Stage, operation: str, fault: Fault) -> None:
    stage.world.faults.add(operation, fault, times=2)

    assert await stage.client.get_scale_set(NAME, 1) is None


async def test_no_secret_is_in_any_error(stage: Stage) -> None:
    scale_set_id, session = await stage.session()
    runner = await stage.client.generate_jit_config(scale_set_id, RUNNER)
    stage.world.faults.add("*", Fault("status", status=400, body={"message": "no"}), times=None)
    calls = (
        stage.client.list_runners(),
        stage.client.get_scale_set(NAME, 1),
        stage.client.generate_jit_config(scale_set_id, f"{RUNNER}2"),
        stage.client.remove_runner(runner.runner_id),
        stage.client.open_session(scale_set_id, "host-2"),
        session.next_message(0, 10),
        session.acknowledge(1),
        session.acquire([1]),
        session.close(),
    )

    errors = [
        error for error in await asyncio.gather(*calls, return_exceptions=True) if isinstance(error, ArcdeckError)
    ]

    assert len(errors) == len(calls)
    shown = " ".join(f"{error} {error!r} {error.__cause__!r} {vars(error)}" for error in errors)
    assert [secret for secret in {*stage.world.issued_secrets, PAT} if secret in shown] == []
