"""Each invariant: broken on purpose by a controller played by hand, and seen; kept, and not complained about."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from core.world.checker import Bounds, InvariantChecker, StartRules
from core.world.ecs import Pace, Planted
from core.world.faults import Fault
from core.world.runners import Fate, Habits
from core.world.world import World, WorldSettings
from tests.controller_by_hand import ControllerByHand, controller_by_hand

pytestmark = pytest.mark.virtual_time

QUICK = Pace(connecting=1, preparing=1, pulling=5, creating=1, activating=1, noticing=1, stopping=2, jitter=0)
ONLINE_AFTER = 12.0
HABITS = Habits(connecting=(2, 2), leaving=(1, 1), noticing=(3, 3))
REASON = "ecs-arc: stuck in PENDING for 6m10s (threshold: 5m0s)"


class Stage:
    """A world with the scale set `small`, a controller by hand, and a checker that watches it."""

    def __init__(self, world: World, controller: ControllerByHand, checker: InvariantChecker) -> None:
        self.world = world
        self.controller = controller
        self.checker = checker
        self._started = 0

    async def assign(self, jobs: int = 1, duration: float = 600) -> None:
        """Let so many jobs be assigned, and the controller hear of them."""
        for _ in range(jobs):
            self.world.jobs.enqueue("small", duration=duration)
        await self.controller.next_entries()

    async def start(self, runners: int = 1) -> None:
        """Start runners as a controller would."""
        for _ in range(runners):
            self._started += 1
            await self.controller.start_runner("small", f"small-{self._started:08x}")

    @property
    def violations(self) -> list[str]:
        """What the checker says, by invariant."""
        return [line.split()[0] for line in self.checker.violations()]


@asynccontextmanager
async def stage(bounds: Bounds | None = None, rules: StartRules | None = None) -> AsyncIterator[Stage]:
    settings = WorldSettings(epoch=datetime(2030, 1, 1, tzinfo=UTC), pace=QUICK, habits=HABITS)
    async with World(settings) as world, controller_by_hand(world) as controller:
        checker = InvariantChecker(world, {"small": bounds or Bounds(max_runners=5)}, rules=rules)
        await controller.set_up("small")
        yield Stage(world, controller, checker)


async def test_a_controller_that_does_everything_right_is_not_complained_about() -> None:
    async with stage() as here:
        await here.assign(jobs=2, duration=60)
        await here.start(runners=2)
        await asyncio.sleep(600)
        here.checker.inspect("the log", "started small-00000001")
        here.checker.was_told(journal=[], events=[])
        here.checker.assert_holds()


async def test_a_failed_check_names_every_violation() -> None:
    async with stage() as here:
        await here.start(runners=2)
        with pytest.raises(AssertionError, match=r"(?s)I1 small: .*I1 small: "):
            here.checker.assert_holds()


# I1


async def test_a_start_before_any_statistics_is_seen() -> None:
    async with stage() as here:
        await here.controller.register("early")
        await here.controller.github.create_scale_set("early")
        here.checker.set_bounds("early", Bounds(max_runners=5))
        await here.controller.start_runner("early", "early-00000001")
        assert here.violations == ["I1"]


async def test_a_start_above_demand_is_seen() -> None:
    async with stage() as here:
        await here.assign(jobs=2)
        await here.start(runners=2)
        assert here.violations == []
        await here.start()
        assert here.violations == ["I1"]


async def test_a_start_above_demand_is_seen_when_its_answer_was_lost() -> None:
    async with stage() as here:
        here.world.faults.add("RunTask", Fault("answer_lost"))
        with pytest.raises(Exception, match="Connection was closed"):
            await here.start()
        assert here.violations == ["I1"]


async def test_a_start_above_the_maximum_is_seen() -> None:
    async with stage(Bounds(max_runners=2)) as here:
        await here.assign(jobs=5)
        await here.start(runners=2)
        assert here.violations == []
        await here.start()
        assert set(here.violations) == {"I1"}


async def test_a_task_that_still_stops_counts_against_the_maximum() -> None:
    async with stage(Bounds(max_runners=1)) as here:
        await here.assign(jobs=3, duration=30)
        await here.start()
        await asyncio.sleep(ONLINE_AFTER + 30 + 1.5)
        assert not next(iter(here.world.ecs.tasks.values())).is_stopped
        await here.start()
        assert here.violations == ["I1"]


@pytest.mark.parametrize(("later", "expected"), [(30, ["I1"]), (61, [])])
async def test_a_task_that_does_not_end_gives_its_slot_away_after_a_limit(later: float, expected: list[str]) -> None:
    async with stage(Bounds(max_runners=2), StartRules(slot_release=60)) as here:
        here.world.runners.habits = Habits(leaving=(3600, 3600))
        await here.assign(duration=30)
        await here.start()
        await asyncio.sleep(60)
        await here.assign(jobs=3)
        await here.start()
        await asyncio.sleep(later)
        await here.start()
        assert here.violations == expected


async def test_what_is_there_already_excuses_no_start_at_the_maximum() -> None:
    async with stage(Bounds(max_runners=2)) as here:
        for _ in range(3):
            here.world.ecs.plant_task(Planted("small", tags={"ecs-arc:scale-set": "small"}))
        assert here.violations == []
        await here.assign(jobs=5)
        await here.start()
        assert here.violations == ["I1"]


async def test_a_lowered_maximum_holds_from_the_moment_it_is_set() -> None:
    async with stage(Bounds(max_runners=5)) as here:
        await here.assign(jobs=5)
        await here.start(runners=3)
        here.checker.set_bounds("small", Bounds(max_runners=3))
        assert here.violations == []
        await here.start()
        assert set(here.violations) == {"I1"}


async def test_demand_may_be_read_from_statistics_that_were_true_a_moment_ago() -> None:
    async with stage(rules=StartRules(window=30)) as here:
        await here.assign(jobs=2)
        for job in list(here.world.github.jobs.values()):
            here.world.github.cancel_job(job.id)
        await here.controller.next_entries()
        await here.start(runners=2)
        assert here.violations == []
        await asyncio.sleep(31)
        await here.controller.github.refresh_session(here.world.github.scale_sets[1].id)
        await asyncio.sleep(31)
        await here.start()
        assert here.violations == ["I1"]


async def test_a_runner_that_does_not_come_may_be_replaced_after_its_time() -> None:
    async with stage(rules=StartRules(patience=60)) as here:
        here.world.runners.next_fate(Fate.NEVER_CONNECTS)
        await here.assign()
        await here.start()
        await asyncio.sleep(61)
        await here.start()
        assert here.violations == []


async def test_a_floor_and_warm_runners_are_demand_too() -> None:
    async with stage(Bounds(max_runners=5, min_runners=2, min_idle=1)) as here:
        await here.start(runners=2)
        assert here.violations == []
        await here.start()
        assert here.violations == ["I1"]


async def test_a_start_for_a_scale_set_that_is_not_configured_is_seen() -> None:
    async with stage() as here:
        await here.controller.set_up("other")
        await here.controller.start_runner("other", "other-00000001")
        assert here.violations == ["I1"]


# I2


async def stopped(here: Stage, reason: str) -> None:
    await here.assign()
    await here.start()
    (task,) = here.world.ecs.tasks.values()
    await here.controller.stop_task(task, reason)


@pytest.mark.parametrize("reason", ["", "because", "ecs-arc:", "arcdeck: "])
async def test_a_stop_without_a_worded_reason_is_seen(reason: str) -> None:
    async with stage() as here:
        await stopped(here, reason)
        assert here.violations == ["I2"]


async def test_a_stop_that_nobody_wrote_down_is_seen_in_each_place() -> None:
    async with stage() as here:
        await stopped(here, REASON)
        here.checker.was_told(journal=[], events=[{"text": "something else"}])
        assert here.violations == ["I2", "I2"]


async def test_a_stop_that_was_written_down_is_in_order() -> None:
    async with stage() as here:
        await stopped(here, REASON)
        (task,) = here.world.ecs.tasks.values()
        here.checker.was_told(
            journal=[{"kind": "stop", "task_arn": task.arn, "data": {"reason": REASON}}],
            events=[{"kind": "stop", "text": f"small-00000001 stopped: {REASON}"}],
        )
        assert here.violations == []


async def test_a_reason_written_down_for_another_task_does_not_count() -> None:
    async with stage() as here:
        await stopped(here, REASON)
        here.checker.was_told(events=[{"text": f"small-00000099 stopped: {REASON}"}])
        assert here.violations == ["I2"]


# I3


async def busy_runner_stopped(here: Stage, reason: str) -> None:
    await here.assign()
    await here.start()
    await asyncio.sleep(60)
    (task,) = here.world.ecs.tasks.values()
    await here.controller.stop_task(task, reason)


async def test_the_stop_of_a_busy_runner_is_seen() -> None:
    async with stage() as here:
        await busy_runner_stopped(here, REASON)
        assert here.violations == ["I3"]


@pytest.mark.parametrize(
    "reason",
    [
        "ecs-arc: exceeded max runtime 6h0m0s (running: 6h0m20s)",
        "arcdeck: stopped by root: it hangs",
    ],
)
async def test_a_busy_runner_may_be_stopped_when_its_time_is_up_or_an_operator_says_so(reason: str) -> None:
    async with stage() as here:
        await busy_runner_stopped(here, reason)
        assert here.violations == []


async def test_an_idle_runner_may_be_stopped() -> None:
    async with stage(Bounds(max_runners=5, min_runners=1)) as here:
        await here.start()
        await asyncio.sleep(60)
        (task,) = here.world.ecs.tasks.values()
        await here.controller.stop_task(task, "arcdeck: surplus, drained")
        assert here.violations == []


# I4


async def test_a_registration_that_was_never_used_is_seen_after_a_while() -> None:
    async with stage() as here:
        await here.controller.jit(1, "small-00000001")
        await asyncio.sleep(119)
        assert here.violations == []
        await asyncio.sleep(2)
        assert here.violations == ["I4"]


async def test_a_registration_whose_task_has_stopped_is_seen_after_a_while() -> None:
    async with stage() as here:
        await stopped(here, REASON)
        await asyncio.sleep(100)
        assert here.violations == []
        await asyncio.sleep(60)
        assert here.violations == ["I4"]


async def test_a_registration_that_was_removed_is_in_order() -> None:
    async with stage() as here:
        runner_id, _ = await here.controller.jit(1, "small-00000001")
        await here.controller.github.call("DELETE", f"distributedtask/pools/0/agents/{runner_id}")
        await asyncio.sleep(600)
        assert here.violations == []


async def test_a_registration_that_github_holds_for_a_lost_job_has_time_until_the_verdict() -> None:
    async with stage() as here:
        here.world.runners.next_fate(Fate.DIES_IN_JOB)
        await here.assign(duration=60)
        await here.start()
        await asyncio.sleep(ONLINE_AFTER + 30 + 570 + 100)
        assert here.violations == []
        await asyncio.sleep(60)
        assert here.violations == ["I4"]


# I5


async def test_stopping_a_foreign_task_is_seen() -> None:
    async with stage() as here:
        task = here.checker.foreign.task(here.world.ecs.plant_task(Planted("backup")))
        assert here.violations == []
        await here.controller.stop_task(task, REASON)
        assert here.violations == ["I5", "I5"]


async def test_retiring_a_foreign_definition_is_seen() -> None:
    async with stage() as here:
        definition = here.checker.foreign.definition(here.world.ecs.plant_definition("backup"))
        await here.controller.ecs.deregister_task_definition(taskDefinition=definition.arn)
        assert here.violations == ["I5", "I5"]


async def test_a_new_revision_of_a_foreign_family_is_seen() -> None:
    async with stage() as here:
        here.checker.foreign.definition(here.world.ecs.plant_definition("backup"))
        await here.controller.register("backup")
        assert here.violations == ["I5"]


async def test_deleting_a_foreign_scale_set_is_seen() -> None:
    async with stage() as here:
        scale_set_id = await here.controller.github.create_scale_set("theirs")
        here.checker.foreign.scale_set(here.world.github.scale_sets[scale_set_id])
        await here.controller.github.call("DELETE", f"runtime/runnerscalesets/{scale_set_id}")
        assert here.violations == ["I5", "I5"]


async def test_a_session_on_a_foreign_scale_set_is_seen() -> None:
    async with stage() as here:
        scale_set_id = await here.controller.github.create_scale_set("theirs")
        here.checker.foreign.scale_set(here.world.github.scale_sets[scale_set_id])
        await here.controller.github.create_session(scale_set_id)
        assert here.violations == ["I5"]


@pytest.mark.parametrize("through", ["service", "rest"])
async def test_removing_a_foreign_runner_is_seen(through: str) -> None:
    async with stage() as here:
        client = here.controller.github
        runner_id, _ = await here.controller.jit(1, "small-00000001")
        here.checker.foreign.runner(here.world.github.runners[runner_id])
        if through == "rest":
            path = f"/orgs/acme/actions/runners/{runner_id}"
            await client.rest("DELETE", path, token=client.installation_token)
        else:
            await client.call("DELETE", f"distributedtask/pools/0/agents/{runner_id}")
        assert here.violations == ["I5", "I5"]


async def test_foreign_things_may_be_read() -> None:
    async with stage() as here:
        task = here.checker.foreign.task(here.world.ecs.plant_task(Planted("backup")))
        here.checker.foreign.definition(next(iter(here.world.ecs.definitions.values())))
        await here.controller.ecs.describe_tasks(cluster="arcdeck-demo", tasks=[task.arn], include=["TAGS"])
        await here.controller.ecs.describe_task_definition(taskDefinition="small")
        assert here.violations == []


async def test_a_foreign_task_that_ends_by_itself_is_nobodys_fault() -> None:
    async with stage() as here:
        task = here.checker.foreign.task(here.world.ecs.plant_task(Planted("backup")))
        here.world.ecs.exit(task.arn, 0)
        await asyncio.sleep(60)
        assert task.is_stopped
        assert here.violations == []


# I6


async def test_a_jit_config_in_a_log_is_seen() -> None:
    async with stage() as here:
        _, jit = await here.controller.jit(1, "small-00000001")
        here.checker.inspect("the log", f"starting with {jit[:200]}")
        assert here.checker.violations() == ["I6 the log holds a token or a JIT config"]


async def test_a_token_in_a_journal_is_seen() -> None:
    async with stage() as here:
        here.checker.inspect("the journal", f'{{"token": "{here.controller.github.admin}"}}')
        assert here.violations == ["I6"]


async def test_a_private_key_is_seen_whatever_became_of_its_line_breaks() -> None:
    async with stage() as here:
        here.checker.inspect("a snapshot", here.world.private_key.replace("\n", "\\n"))
        assert here.checker.violations() == ["I6 a snapshot holds the App's private key"]
