"""``arcdeck check`` against the embedded world: what is wrong, how to mend it, and what would change."""

import random

import pytest

from core.api.checkup import Checkup, PlanStep, Verb, Verdict
from core.bootstrap import examine
from core.world.faults import Fault
from core.world.github import RunnerGroup
from core.world.world import World, WorldSettings
from tests.integration.broken import ACTIONS, BROKEN
from tests.integration.conftest import TOML, Stages, WorldTime
from tests.integration.faults.outsiders import outsider, until
from tests.integration.original import READS, asked, original

pytestmark = pytest.mark.virtual_time


async def checked(stages: Stages, world: World, *, toml: str = TOML, **settings: str) -> Checkup:
    """What it says with this configuration; asserted: not one call changes anything."""
    before = len(asked(world))
    environ = stages.environ(world, toml) | settings
    checkup = await examine(environ, {}, clock=WorldTime(world), rng=random.Random(1))
    assert set(asked(world)[before:]) <= READS | {"list_runner_groups"} or before
    assert world.ecs.calls["RunTask"] == world.ecs.calls["StopTask"] == world.ecs.calls["RegisterTaskDefinition"] == 0
    return checkup


def wrong(checkup: Checkup) -> list[str]:
    return [f"{one.area}: {one.text}" for one in checkup.findings if one.verdict is Verdict.PROBLEM]


def unsure(checkup: Checkup) -> list[str]:
    return [f.text for f in checkup.findings if f.verdict in {Verdict.WARNING, Verdict.UNKNOWN}]


def steps(checkup: Checkup, verb: Verb) -> list[PlanStep]:
    return [step for step in checkup.plan if step.verb is verb]


async def test_in_an_empty_account_everything_is_well_and_all_would_be_made(stages: Stages) -> None:
    async with stages.world() as world:
        checkup = await checked(stages, world)
    assert checkup.worst is Verdict.WELL
    assert {(step.verb, step.what) for step in checkup.plan} == {
        (Verb.CREATE, "scale set"),
        (Verb.CREATE, "task definition"),
    }


async def test_after_a_run_of_ours_nothing_would_change(stages: Stages) -> None:
    async with stages.world() as world:
        async with stages.controller(world) as stage:
            await until(lambda: stage.engine.health().ready, 60)
        environ = stages.environ(world, TOML)
        checkup = await examine(environ, {}, clock=WorldTime(world), rng=random.Random(1))
    assert checkup.worst is Verdict.WELL
    assert {step.verb for step in checkup.plan} == {Verb.KEEP}


async def test_of_an_ecs_arc_it_says_what_is_taken_over_and_how_to_go_back(stages: Stages) -> None:
    both = TOML + TOML.replace("small", "large")
    async with stages.world(toml=both) as world, stages.aws(world), original(world) as theirs:
        await theirs.set_up(["small", "other"])
        await theirs.serve("small", 2, 7_200)
        environ = stages.environ(world, both)
        checkup = await examine(environ, {}, clock=WorldTime(world), rng=random.Random(1))
    assert wrong(checkup) == []
    adopted = {step.what: step.text for step in steps(checkup, Verb.ADOPT)}
    assert adopted["tasks"].startswith("2 of the original")
    assert "gains the label arcdeck.controller.test" in adopted["scale set"]
    assert [step.name for step in steps(checkup, Verb.CREATE)] == ["large", "large"]
    assert [step.name for step in steps(checkup, Verb.LEAVE)] == ["other"]
    assert any(finding.text.startswith("to go back: stop arcdeck and start ecs-arc") for finding in checkup.findings)


async def test_a_plan_that_removes_much_says_how_much_and_what_it_waits_for(stages: Stages) -> None:
    three = "".join(TOML.replace("small", name) for name in ("small", "large", "huge"))
    async with stages.world(toml=three) as world:
        async with stages.controller(world, toml=three) as stage:
            await until(lambda: stage.engine.health().ready, 60)
            job = world.github.enqueue_job("huge", name="deploy", repository="acme/api", workflow="cd", duration=600)
            await until(lambda: job.runner_name, 240)
        environ = stages.environ(world, TOML)
        checkup = await examine(environ, {}, clock=WorldTime(world), rng=random.Random(1))
        await until(lambda: job.result, 700)
    assert [step.name for step in steps(checkup, Verb.REMOVE)] == ["huge", "large"]
    (warning,) = unsure(checkup)
    assert warning == "this removes 2 of 3 scale sets, with 1 busy runners, so it waits for a person"


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_permission_that_is_missing_is_named_with_what_it_is_for_and_where_it_is_granted(
    stages: Stages, action: str
) -> None:
    async with stages.world() as world:
        world.iam.refused.add(action)
        checkup = await checked(stages, world)
    (finding, *_) = [one for one in checkup.findings if one.area == "permissions" and one.verdict is Verdict.PROBLEM]
    assert finding.text.startswith(f"{action} on ")
    assert "without it " in finding.text
    assert "deploy/iam-policy.json" in finding.remedy


async def test_permissions_that_may_not_be_asked_about_are_unknown_and_no_problem(stages: Stages) -> None:
    async with stages.world() as world:
        world.iam.refused.add("iam:SimulatePrincipalPolicy")
        checkup = await checked(stages, world)
    assert wrong(checkup) == []
    (told,) = unsure(checkup)
    assert "iam:SimulatePrincipalPolicy" in told


async def test_a_policy_is_asked_of_the_role_behind_the_session(stages: Stages) -> None:
    async with stages.world() as world:
        await checked(stages, world)
        assert world.iam.principals == {"arn:aws:iam::123456789012:role/arcdeck-controller"}


async def test_a_runner_group_that_admits_public_repositories_is_a_warning(stages: Stages) -> None:
    groups = (RunnerGroup(1, "Default", admits_public=True), RunnerGroup(2, "Other", admits_public=True))
    async with stages.world(WorldSettings(groups=groups)) as world:
        checkup = await checked(stages, world)
    (told,) = unsure(checkup)
    assert told.startswith("runner group Default admits public repositories")


async def test_scale_sets_that_share_all_labels_are_a_warning(stages: Stages) -> None:
    alike = TOML + TOML.replace("small", "spare")
    async with stages.world(toml=alike) as world:
        checkup = await checked(stages, world, toml=alike)
    (told,) = unsure(checkup)
    assert told.startswith("small, spare share all labels")


async def test_somebody_elses_scale_set_of_that_name_is_a_problem(stages: Stages) -> None:
    async with stages.world() as world:
        async with outsider(world) as client:
            await client.create_scale_set("small", ["small", "arcdeck.controller.blue"], 1)
        checkup = await examine(stages.environ(world, TOML), {}, clock=WorldTime(world), rng=random.Random(1))
    (told,) = wrong(checkup)
    assert told.startswith("plan: scale set small belongs to another controller (arcdeck.controller.blue)")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ECS_CLUSTER": ""}, "settings: missing: ECS_CLUSTER"),
        ({"ECS_CLUSTER": "nowhere", "ARCDECK_CONTROLLER_ID": "test"}, "AWS: ECS cluster 'nowhere' was not found"),
        ({"GITHUB_APP_INSTALLATION_ID": "1"}, "GitHub: "),
        ({"RUNNER_GROUP": "nobody"}, "GitHub: there is no runner group 'nobody'"),
        ({"TOML_CONFIG_FILE": "/nowhere/runners.toml"}, "runners: "),
    ],
)
async def test_settings_that_cannot_work_are_told(stages: Stages, change: dict[str, str], told: str) -> None:
    async with stages.world() as world:
        checkup = await checked(stages, world, **change)
    assert wrong(checkup)[0].startswith(told)


@pytest.mark.parametrize(("toml", "told"), BROKEN)
async def test_each_configuration_that_cannot_work_names_table_and_key(stages: Stages, toml: str, told: str) -> None:
    async with stages.world() as world:
        checkup = await checked(stages, world, toml=toml)
    assert any(line.startswith("runners: ") and told in line for line in wrong(checkup))


async def test_a_key_that_the_original_ignored_is_a_warning_with_the_nearest_name(stages: Stages) -> None:
    async with stages.world() as world:
        checkup = await checked(stages, world, toml=TOML.replace("max_runners", "max_runnes"))
    assert any("max_runnes" in told and "max_runners" in told for told in unsure(checkup))


async def test_what_cannot_be_read_is_told_and_the_plan_is_not_guessed(stages: Stages) -> None:
    async with stages.world() as world:
        world.faults.add("ListTasks", Fault("status", status=500), times=None)
        checkup = await checked(stages, world)
    assert checkup.plan == ()
    assert "what would change cannot be told before everything can be read" in unsure(checkup)
