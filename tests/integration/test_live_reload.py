"""The runner configuration is changed while the controller runs (behaviour.md 1.6, rows 22, 23, 35)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from core.api.model import RunnerState, ScaleSetState
from core.world.github import Job, RunnerGroup
from core.world.world import World, WorldSettings
from tests.integration.conftest import Stage, Stages

pytestmark = pytest.mark.virtual_time

INTERVAL = 60.0
SETTINGS = {"SSM_POLL_INTERVAL": "60s"}


def family(name: str, *, cpu: int = 1024, most: int = 10, **more: str) -> str:
    extra = "".join(f"{key} = {value}\n" for key, value in more.items())
    return (
        f'[[runner]]\nfamily = "{name}"\ncpu = {cpu}\nmemory = 2048\ncompatibility = "EXTERNAL"\n'
        f"max_runners = {most}\n{extra}\n"
    )


SMALL, MEDIUM, LARGE = family("small"), family("medium"), family("large")
THREE = SMALL + MEDIUM + LARGE


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str], None]:
    """Writes the controller's configuration anew."""

    def write(toml: str) -> None:
        (tmp_path / "controller.toml").write_text(toml)

    return write


def job(world: World, scale_set: str, duration: float = 60.0) -> Job:
    return world.github.enqueue_job(scale_set, name="unit", repository="acme/api", workflow="ci", duration=duration)


def on_github(world: World) -> set[str]:
    return {ref.name for ref in world.github.scale_sets.values()}


async def taken_up() -> None:
    """The change has been read, and what follows from it at once is done."""
    await asyncio.sleep(INTERVAL + 10)


class TestAdded:
    async def test_a_new_scale_set_begins_and_serves(self, stages: Stages, change: Callable[[str], None]) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=SMALL, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            change(SMALL + LARGE)
            await taken_up()
            assert stage.scale_set("large").state is ScaleSetState.OK
            unit = job(world, "large")
            await asyncio.sleep(200)
            assert unit.result == "succeeded"
            assert stage.events("configuration") == ["new configuration: added: large"]

    async def test_its_tasks_that_run_already_are_adopted_before_anything_starts(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        # behaviour.md row 7, for a scale set that comes later
        async with stages.world(toml=THREE) as world:
            async with stages.controller(world, toml=SMALL + LARGE, settings=SETTINGS):
                await asyncio.sleep(5)
                unit = job(world, "large", duration=900)
                await asyncio.sleep(60)
            async with stages.controller(world, toml=SMALL, settings=SETTINGS) as stage:  # braked: it is busy
                await asyncio.sleep(5)
                change(SMALL + LARGE)
                await taken_up()
                assert stage.scale_set("large").state is ScaleSetState.OK
                assert world.ecs.calls["RunTask"] == 1
                await asyncio.sleep(900)
                assert unit.result == "succeeded"


class TestChanged:
    async def test_a_higher_maximum_lets_waiting_jobs_start(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        toml = family("small", most=1)
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=toml, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            jobs = [job(world, "small", duration=1800) for _ in range(3)]
            await asyncio.sleep(40)
            before = world.ecs.calls["RunTask"]
            change(family("small", most=3))
            await taken_up()
            assert (before, world.ecs.calls["RunTask"], stage.scale_set().maximum) == (1, 3, 3)
            await asyncio.sleep(1900)
            assert [each.result for each in jobs] == ["succeeded"] * 3

    async def test_a_lower_maximum_stops_nobody_and_starts_nobody(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=SMALL, settings=SETTINGS):
            await asyncio.sleep(5)
            jobs = [job(world, "small", duration=600) for _ in range(3)]
            await asyncio.sleep(60)
            change(family("small", most=1))
            await taken_up()
            jobs.append(job(world, "small", duration=60))
            await asyncio.sleep(120)
            assert world.ecs.calls["RunTask"] == 3
            await asyncio.sleep(900)
            assert [each.result for each in jobs] == ["succeeded"] * 4

    async def test_a_new_size_is_a_new_revision_for_new_starts_only(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=SMALL, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            first = job(world, "small", duration=600)
            await asyncio.sleep(60)
            change(family("small", cpu=2048))
            await taken_up()
            second = job(world, "small", duration=120)
            await asyncio.sleep(90)
            assert sorted(view.definition for view in stage.in_state(RunnerState.BUSY)) == ["small:1", "small:2"]
            await asyncio.sleep(600)
            assert (first.result, second.result) == ("succeeded", "succeeded")

    async def test_what_was_not_changed_is_not_registered_anew(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        # behaviour.md row 35: in the original any change registers every family anew
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            sessions = world.github.calls["create_session"]
            change(SMALL + family("medium", cpu=2048) + LARGE)
            await taken_up()
            assert world.ecs.calls["RegisterTaskDefinition"] == 4
            assert world.github.calls["create_session"] == sessions
            assert stage.events("configuration") == ["new configuration: changed: medium"]

    async def test_another_runner_group_takes_the_scale_set_along(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        groups = (RunnerGroup(1, "Default"), RunnerGroup(5, "Build Farm"))
        async with (
            stages.world(WorldSettings(groups=groups)) as world,
            stages.controller(world, toml=SMALL, settings=SETTINGS) as stage,
        ):
            await asyncio.sleep(5)
            (before,) = world.github.scale_sets
            change(family("small", runner_group='"Build Farm"'))
            await taken_up()
            (there,) = world.github.scale_sets.values()
            assert (there.id, there.group.name) == (before, "Build Farm")
            unit = job(world, "small")
            await asyncio.sleep(240)
            assert unit.result == "succeeded"
            assert stage.scale_set().state is ScaleSetState.OK

    async def test_new_labels_reach_github(self, stages: Stages, change: Callable[[str], None]) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=SMALL, settings=SETTINGS):
            await asyncio.sleep(5)
            change(family("small", extra_labels='["gpu"]'))
            await taken_up()
            (scale_set,) = world.github.scale_sets.values()
            assert "gpu" in {label.name for label in scale_set.labels}


class TestRemoved:
    async def test_one_without_busy_runners_drains_and_goes(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            change(SMALL + MEDIUM)
            await taken_up()
            assert on_github(world) == {"small", "medium"}
            assert [view.name for view in stage.snapshot().scale_sets] == ["small", "medium"]

    async def test_one_with_a_busy_runner_serves_on_until_it_has_none(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            deploy = job(world, "large", duration=600)
            await asyncio.sleep(60)
            change(SMALL + MEDIUM)
            await taken_up()
            assert "1 busy runners, so it waits" in stage.scale_set("large").reason
            assert "no longer configured: large" in " ".join(stage.engine.health().reasons)
            late = job(world, "large", duration=60)
            await asyncio.sleep(900)
            assert (deploy.result, late.result) == ("succeeded", "succeeded")
            assert "large" not in on_github(world)
            assert len(stage.events("retiring")) == 1
            assert stage.engine.health().reasons == ()

    async def test_with_consent_it_takes_no_more_jobs_and_the_one_it_has_ends_well(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        async with (
            stages.world(toml=THREE) as world,
            stages.controller(world, toml=THREE, settings=SETTINGS, allow_mass_removal=True) as stage,
        ):
            await asyncio.sleep(5)
            deploy = job(world, "large", duration=600)
            await asyncio.sleep(60)
            change(SMALL + MEDIUM)
            await taken_up()
            assert stage.scale_set("large").state is ScaleSetState.RETIRING
            assert world.ecs.calls["RunTask"] == 1
            await asyncio.sleep(900)
            assert deploy.result == "succeeded"
            assert on_github(world) == {"small", "medium"}

    async def test_a_renamed_family_of_all_removes_nothing_until_somebody_agrees(
        self, stages: Stages, change: Callable[[str], None]
    ) -> None:
        # behaviour.md row 22: a one-word edit of a prefix removes everything
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            change(THREE.replace('family = "', 'family = "new-'))
            await asyncio.sleep(20 * INTERVAL)
            change(THREE.replace('family = "', 'family = "new-') + family("more"))
            await asyncio.sleep(20 * INTERVAL)
            assert {"small", "medium", "large", "new-small", "more"} <= on_github(world)
            unit = job(world, "small")
            await asyncio.sleep(200)
            assert unit.result == "succeeded"
            assert "--allow-mass-removal" in stage.scale_set("small").reason

    async def test_a_restart_is_no_consent_to_what_waits(self, stages: Stages, change: Callable[[str], None]) -> None:
        renamed = THREE.replace('family = "', 'family = "new-')
        async with stages.world(toml=THREE) as world:
            async with stages.controller(world, toml=THREE, settings=SETTINGS):
                await asyncio.sleep(5)
                change(renamed)
                await taken_up()
            for _ in range(2):
                async with stages.controller(world, toml=renamed, settings=SETTINGS) as stage:
                    await asyncio.sleep(60)
                    assert stage.scale_set("small").state is ScaleSetState.OBSERVING
            async with stages.controller(world, toml=renamed, settings=SETTINGS, allow_mass_removal=True):
                await asyncio.sleep(60)
            assert on_github(world) == {"new-small", "new-medium", "new-large"}


class TestBackAgain:
    @pytest.mark.parametrize("seconds", [30.0, 600.0], ids=["while it drains", "after it was gone"])
    async def test_it_serves_again(self, stages: Stages, change: Callable[[str], None], seconds: float) -> None:
        async with (
            stages.world(toml=THREE) as world,
            stages.controller(world, toml=THREE, settings=SETTINGS, allow_mass_removal=True) as stage,
        ):
            await asyncio.sleep(5)
            first = job(world, "large", duration=240)
            await asyncio.sleep(60)
            change(SMALL + MEDIUM)
            await taken_up()
            await asyncio.sleep(seconds)
            change(THREE)
            await taken_up()
            assert stage.scale_set("large").state is ScaleSetState.OK
            second = job(world, "large")
            await asyncio.sleep(300)
            assert (first.result, second.result) == ("succeeded", "succeeded")
            assert stage.events("configuration")[-1] == "new configuration: back again: large"

    async def test_a_removal_that_waited_is_forgotten(self, stages: Stages, change: Callable[[str], None]) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            change(SMALL)
            await taken_up()
            waiting = stage.scale_set("large").reason
            change(THREE)
            await taken_up()
            assert "removes 2 of 3 scale sets" in waiting
            assert (stage.scale_set("large").reason, stage.engine.health().reasons) == ("", ())


BROKEN = [
    pytest.param("[[runner]\n", "line 1", id="no TOML"),
    pytest.param(family("small", cpu=-1), "cpu", id="a value that cannot work"),
    pytest.param(SMALL + SMALL, "is defined already", id="a family twice"),
    pytest.param("", "defines no runner", id="empty"),
]


class TestRefused:
    async def all_is_as_it_was(self, world: World, stage: Stage) -> None:
        unit = job(world, "large")
        await asyncio.sleep(4 * INTERVAL)
        assert unit.result == "succeeded"
        assert on_github(world) == {"small", "medium", "large"}
        assert {view.state for view in stage.snapshot().scale_sets} == {ScaleSetState.OK}

    @pytest.mark.parametrize(("toml", "problem"), BROKEN)
    async def test_what_cannot_work_changes_nothing_and_is_named_until_it_is_mended(
        self, stages: Stages, change: Callable[[str], None], toml: str, problem: str
    ) -> None:
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            change(toml)
            await taken_up()
            (reason,) = stage.engine.health().reasons
            await self.all_is_as_it_was(world, stage)
            (told,) = stage.events("configuration-refused")
            assert problem in reason
            assert problem in told
            assert stage.engine.health().ready
            change(THREE)
            await taken_up()
            assert stage.engine.health().reasons == ()

    async def test_a_file_that_cannot_be_read_removes_nothing(
        self, stages: Stages, change: Callable[[str], None], tmp_path: Path
    ) -> None:
        # behaviour.md row 23
        file = tmp_path / "controller.toml"
        async with stages.world(toml=THREE) as world, stages.controller(world, toml=THREE, settings=SETTINGS) as stage:
            await asyncio.sleep(5)
            file.unlink()
            await taken_up()
            assert "controller.toml does not exist" in " ".join(stage.engine.health().reasons)
            file.mkdir()
            await taken_up()
            assert "controller.toml is a directory" in " ".join(stage.engine.health().reasons)
            await self.all_is_as_it_was(world, stage)
            file.rmdir()
            change(THREE + family("more"))
            await taken_up()
            assert stage.scale_set("more").state is ScaleSetState.OK
            assert stage.engine.health().reasons == ()
