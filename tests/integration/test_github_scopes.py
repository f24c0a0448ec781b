"""Wherever GitHub has runners: organisation, repository and enterprise, in the cloud and on GHES, in any group."""

import secrets

import pytest

from core.api.checkup import Verdict
from core.bootstrap import examine
from core.domain.errors import PermissionDenied
from core.world.github import Quirks, RunnerGroup
from core.world.world import World, WorldSettings
from tests.integration.conftest import TOML, Stages
from tests.integration.faults.outsiders import at_github, jobs, until

pytestmark = pytest.mark.virtual_time

TOKEN = f"token{secrets.token_hex(16)}"
GROUPS = (RunnerGroup(1, "Default"), RunnerGroup(5, "Build Farm"))
IN_THE_CLOUD = WorldSettings(groups=GROUPS, personal_tokens=frozenset({TOKEN}))
#: Before 3.18: jobs are offered and claimed, and labels other than the name are dropped (sections 3.8 and 5.10).
ON_GHES = WorldSettings(
    groups=GROUPS, personal_tokens=frozenset({TOKEN}), flow="acquire", quirks=Quirks(drops_extra_labels=True)
)
HOSTS = pytest.mark.parametrize("host", [IN_THE_CLOUD, ON_GHES], ids=["in the cloud", "on GHES"])

#: Where the config URL points, and below which path of the REST API its runners are.
SCOPES = pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("acme", "/orgs/acme"),
        ("acme/widgets", "/repos/acme/widgets"),
        ("enterprises/acme", "/enterprises/acme"),
    ],
    ids=["organisation", "repository", "enterprise"],
)


def settings(world: World, path: str, *, group: str = "default") -> dict[str, str]:
    """What differs from an ordinary controller's environment."""
    origin = world.config_url.removesuffix("/acme")
    told = {"GITHUB_CONFIG_URL": f"{origin}/{path}", "RUNNER_GROUP": group}
    if world.settings is IN_THE_CLOUD:  # whose API is not below /api/v3, as that of every host of one's own is
        told["GITHUB_API_URL"] = origin
    if path.startswith("enterprises/"):  # for which there are no Apps
        app = [name for name in world.environment() if name.startswith("GITHUB_APP_")]
        told |= {"GITHUB_TOKEN": TOKEN} | dict.fromkeys(app, "")
    return told


async def served(world: World) -> None:
    (job,) = jobs(world, 1, seconds=30.0)
    await until(lambda: job.result, 300)
    assert job.result == "succeeded"


@HOSTS
@SCOPES
async def test_a_job_is_served(stages: Stages, host: WorldSettings, path: str, owner: str) -> None:
    async with stages.world(host) as world:
        async with stages.controller(world, settings=settings(world, path)):
            await served(world)
        lists = {call.request.partition("?")[0] for call in world.github.log if call.operation == "list_runners"}
        assert lists == {("GET " if host is IN_THE_CLOUD else "GET /api/v3") + f"{owner}/actions/runners"}


@HOSTS
@SCOPES
async def test_a_job_is_served_in_a_group_of_its_own(
    stages: Stages, host: WorldSettings, path: str, owner: str
) -> None:
    async with stages.world(host) as world:
        async with stages.controller(world, settings=settings(world, path, group="build farm")):
            await served(world)
        assert at_github(world).group.name == "Build Farm"


@HOSTS
@SCOPES
async def test_its_scale_sets_are_known_again_after_a_restart(
    stages: Stages, host: WorldSettings, path: str, owner: str
) -> None:
    async with stages.world(host) as world:
        for seed in (1, 2):
            told = settings(world, path, group="Build Farm")
            async with stages.controller(world, settings=told, seed=seed):
                await served(world)
        assert len(world.github.scale_sets) == 1


@HOSTS
@SCOPES
async def test_a_look_before_all_that_finds_everything_well(
    stages: Stages, host: WorldSettings, path: str, owner: str
) -> None:
    async with stages.world(host) as world:
        environ = stages.environ(world, TOML) | settings(world, path, group="Build Farm")
        checkup = await examine(environ, {})
    assert checkup.worst is Verdict.WELL, checkup.findings


async def test_a_group_that_is_not_there_is_named(stages: Stages) -> None:
    async with stages.world(IN_THE_CLOUD) as world:
        told = settings(world, "acme", group="Nobody's")
        async with stages.controller(world, settings=told) as stage:
            await until(lambda: "Nobody's" in stage.scale_set().reason, 60)
        assert world.github.scale_sets == {}


@pytest.mark.parametrize("path", ["other", "other/widgets", "enterprises/other"])
async def test_an_owner_that_does_not_let_us_in_ends_the_program_with_what_is_needed(stages: Stages, path: str) -> None:
    async with stages.world(IN_THE_CLOUD) as world:
        with pytest.raises(PermissionDenied, match="Self-hosted runners: read and write"):
            async with stages.controller(world, settings=settings(world, path)) as stage:
                await until(stage.running.done, 60)
        assert world.github.scale_sets == {}
