"""What the engine tells the meter, once for each thing that happened, and what it does not tell."""

import asyncio
from datetime import timedelta

import pytest

from core.domain.errors import ArcdeckError, ConfigurationError, PermissionDenied, SessionGone, Unavailable
from core.domain.messages import JobMessage, JobMessageKind
from core.domain.scale_set import runner_name
from core.domain.task import Task, TaskStatus
from core.meter import Meter, SessionCause, StartStep
from tests.builders import a_job, a_scale_set, job_completed, job_started
from tests.unit.engine.conftest import Rigs
from tests.unit.engine.support import TimedEcs, TimedGitHub, no_room

pytestmark = pytest.mark.virtual_time

NAME = runner_name("small", f"{10:08x}")  # the first that a rig gives
CONFLICT = 12.5


class NotingMeter(Meter):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.sessions: list[SessionCause] = []
        self.starts: list[tuple[StartStep, str, float]] = []
        self.registrations = 0
        self.jobs: list[str] = []
        self.statuses: list[tuple[TaskStatus, float]] = []
        self.ran: list[Task] = []
        self.ended: list[Task | None] = []
        self.idle: list[float] = []
        self.sweeps: list[float] = []
        self.ghosts: list[str] = []

    def session_opened(self, scale_set: str, cause: SessionCause) -> None:
        self.sessions.append(cause)

    def start_ended(self, scale_set: str, step: StartStep, error: Exception | None, seconds: float) -> None:
        self.starts.append((step, type(error).__name__ if error else "", seconds))

    def registration_made(self, scale_set: str) -> None:
        self.registrations += 1

    def job_started(self, scale_set: str, message: JobMessage) -> None:
        self.jobs.append(f"{message.job.id} started")

    def job_completed(self, scale_set: str, message: JobMessage) -> None:
        self.jobs.append(f"{message.job.id} {message.result}")

    def status_left(self, scale_set: str, status: TaskStatus, seconds: float) -> None:
        self.statuses.append((status, seconds))

    def task_ran(self, scale_set: str, task: Task) -> None:
        self.ran.append(task)

    def task_ended(self, scale_set: str, task: Task | None) -> None:
        self.ended.append(task)

    def idled(self, scale_set: str, seconds: float) -> None:
        self.idle.append(seconds)

    def swept(self, seconds: float) -> None:
        self.sweeps.append(seconds)

    def ghost_found(self, scale_set: str) -> None:
        self.ghosts.append("found")

    def ghost_removed(self, scale_set: str) -> None:
        self.ghosts.append("removed")


@pytest.fixture
def meter(rigs: Rigs) -> NotingMeter:
    rigs.meter = noting = NotingMeter()
    return noting


class TestSessions:
    async def test_the_first_one_is_told_as_such(self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter) -> None:
        async with rigs.running():
            assert meter.sessions == [SessionCause.FIRST]

    @pytest.mark.parametrize(
        ("errors", "cause"),
        [
            ([SessionGone("expired")], SessionCause.LOST),
            ([Unavailable("away")] * 6, SessionCause.UNHEARD),
            ([PermissionDenied("no")], SessionCause.FAULT),
            ([RuntimeError("a mistake")], SessionCause.FAULT),
        ],
        ids=["expired", "not heard", "refused", "a mistake of ours"],
    )
    async def test_one_that_is_opened_anew_is_told_with_what_ended_the_one_before(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter, errors: list[ArcdeckError], cause: SessionCause
    ) -> None:
        async with rigs.running():
            github.fail("next_message", *errors)
            await asyncio.sleep(120)
            assert meter.sessions == [SessionCause.FIRST, cause]

    async def test_one_that_somebody_else_held_is_told_as_a_conflict(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running():
            scale_set = github.id_of("small")
            github.sessions.pop(scale_set).evicted = True
            github.held_elsewhere.add(scale_set)
            await asyncio.sleep(60 + CONFLICT)
            github.held_elsewhere.clear()
            await asyncio.sleep(2 * CONFLICT)
            assert meter.sessions == [SessionCause.FIRST, SessionCause.CONFLICT]

    async def test_one_that_is_opened_for_what_is_left_of_a_scale_set_is_told_as_a_turn(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running(a_scale_set(minimum=1), a_scale_set("other")) as rig:
            rig.configuration.change(a_scale_set("other"))
            await asyncio.sleep(320)
            assert meter.sessions == [SessionCause.FIRST, SessionCause.FIRST, SessionCause.TURNED]


class TestStarts:
    async def test_one_that_ecs_accepts_is_told_with_its_time(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        github.slow["generate_jit_config"], ecs.slow["run_task"] = 2.0, 3.0
        async with rigs.running(a_scale_set(minimum=1), settle=10):
            assert meter.starts == [(StartStep.RUN_TASK, "", 5.0)]
            assert meter.registrations == 1

    async def test_one_without_room_is_told_with_its_refusal(
        self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter
    ) -> None:
        ecs.fail("run_task", no_room())
        async with rigs.running(a_scale_set(minimum=1)):
            assert meter.starts == [(StartStep.RUN_TASK, "TransientCapacityError", 0.0)]

    async def test_one_that_github_refuses_is_told_and_registers_nobody(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        github.fail("generate_jit_config", ConfigurationError("no such group"))
        async with rigs.running(a_scale_set(minimum=1), settle=0.005):
            assert meter.starts[0] == (StartStep.JIT_CONFIG, "ConfigurationError", 0.0)
            assert meter.registrations == len(meter.starts) - 1

    async def test_one_that_is_repeated_is_one_start(self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter) -> None:
        ecs.fail("run_task", Unavailable("away"), Unavailable("away"))
        async with rigs.running(a_scale_set(minimum=1), settle=10):
            assert meter.starts == [(StartStep.RUN_TASK, "", 3.0)]


class TestJobs:
    async def test_a_job_that_is_told_twice_is_counted_once(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running(a_scale_set(minimum=1)):
            for message in (job_started(NAME), job_completed(NAME)) * 2:
                github.send("small", message)
            await asyncio.sleep(1)
            assert meter.jobs == ["job-1 started", "job-1 succeeded"]

    async def test_a_job_that_was_cancelled_before_any_runner_took_it_is_over_all_the_same(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running():
            github.send("small", job_completed("", runner_id=0, result="canceled"))
            await asyncio.sleep(1)
            assert meter.jobs == ["job-1 canceled"]

    async def test_the_oldest_job_that_waits_is_shown_until_it_is_taken(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        queued = a_job().queued_at
        assert queued is not None
        async with rigs.running() as rig:
            github.send("small", JobMessage(JobMessageKind.ASSIGNED, a_job()), assigned=1)
            await asyncio.sleep(1)
            assert rig.scale_set().waiting_since == queued.timestamp()
            github.send("small", job_started(NAME), assigned=0)
            await asyncio.sleep(1)
            assert rig.scale_set().waiting_since is None


class TestTasks:
    async def test_the_time_in_each_status_is_told_when_it_is_left(
        self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter
    ) -> None:
        async with rigs.running(a_scale_set(minimum=1), settle=12):
            ecs.move(ecs.arn_of(NAME), TaskStatus.RUNNING)
            await asyncio.sleep(30)
            ecs.move(ecs.arn_of(NAME), TaskStatus.STOPPED, stop_code="EssentialContainerExited")
            await asyncio.sleep(60)
            assert [status for status, _ in meter.statuses[:2]] == [TaskStatus.PENDING, TaskStatus.RUNNING]
            assert meter.statuses[0][1] == pytest.approx(15.0)
            assert [task.arn for task in meter.ran] == [task.arn for task in meter.ended if task]

    async def test_an_adopted_task_tells_nothing_of_a_start_that_nobody_watched(
        self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter
    ) -> None:
        ecs.plant("arn:old", TaskStatus.PENDING, scale_set="small", runner_name="small-000000ff", controller="test")
        async with rigs.running():
            ecs.move("arn:old", TaskStatus.RUNNING)
            await asyncio.sleep(10)
            assert meter.ran == []
            assert len(meter.statuses) == 1

    async def test_a_start_that_came_to_nothing_is_no_ended_task(
        self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter
    ) -> None:
        ecs.fail("run_task", no_room())
        async with rigs.running(a_scale_set(minimum=1)):
            assert meter.ended == []

    async def test_idle_time_is_told_when_a_job_ends_it(
        self, rigs: Rigs, ecs: TimedEcs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running(a_scale_set(minimum=1)) as rig:
            ecs.move(ecs.arn_of(NAME), TaskStatus.RUNNING)
            github.online.add(NAME)
            await asyncio.sleep(120)
            since = rig.runners[NAME].since
            await asyncio.sleep(timedelta(minutes=2).total_seconds())
            github.send("small", job_started(NAME))
            await asyncio.sleep(1)
            assert meter.idle == [pytest.approx(rig.runners[NAME].since - since)]
            assert meter.idle[0] >= timedelta(minutes=2).total_seconds()

    async def test_a_sweep_that_could_not_look_is_no_sweep(self, rigs: Rigs, ecs: TimedEcs, meter: NotingMeter) -> None:
        ecs.slow["list_tasks"] = 0.5
        async with rigs.running(settle=35):
            ecs.fail("list_tasks", Unavailable("away"))
            await asyncio.sleep(30)
            assert meter.sweeps == [0.5]


class TestGhosts:
    async def test_one_that_cannot_be_removed_yet_is_found_once(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running(offline_interval=60.0, offline_min_age=60.0):
            github.register("small-0000abcd", github.id_of("small"))
            github.fail("remove_runner", *[Unavailable("away")] * 4)
            await asyncio.sleep(600)
            assert meter.ghosts == ["found", "removed"]

    async def test_a_registration_whose_job_is_over_is_no_ghost(
        self, rigs: Rigs, github: TimedGitHub, meter: NotingMeter
    ) -> None:
        async with rigs.running(a_scale_set(minimum=1)):
            github.send("small", job_started(NAME), job_completed(NAME, runner_id=1001))
            await asyncio.sleep(5)
            assert github.removed
            assert meter.ghosts == []
