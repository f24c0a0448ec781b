"""Registrations of runners over HTTP: JIT configs, look-ups, removals."""

import asyncio
import base64
import json
from typing import Any

import pytest

from tests.unit.world.github_support import busy, connected, world

pytestmark = pytest.mark.virtual_time

AGENTS = "distributedtask/pools/0/agents"


class TestRunners:
    async def test_a_jit_config_is_a_map_of_three_files_of_about_four_kibibytes(self) -> None:
        async with connected(world()) as client:
            answer = (await client.generate_jit(await client.create_scale_set())).json()
            encoded = answer["encodedJITConfig"]
            files = json.loads(base64.b64decode(encoded, validate=True))
            assert set(files) == {".runner", ".credentials", ".credentials_rsaparams"}
            settings = json.loads(base64.b64decode(files[".runner"], validate=True))
            assert settings["AgentId"] == str(answer["runner"]["id"])
            assert (settings["AgentName"], settings["Ephemeral"]) == ("small-0a1b2c3d", "True")
            assert 3500 < len(encoded) < 4500

    async def test_the_marker_of_a_jit_config_is_in_it_and_among_the_issued_secrets(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            configs = [(await client.generate_jit(scale_set_id, name)).json() for name in ("a", "b")]
            for config, other in zip(configs, reversed(configs), strict=True):
                marker = github.runners[config["runner"]["id"]].secret_marker
                assert marker in config["encodedJITConfig"]
                assert marker not in other["encodedJITConfig"]
                assert marker in github.issued_secrets

    async def test_every_token_is_among_the_issued_secrets(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.open_session(await client.create_scale_set())
            assert {client.admin, client.queue, await client.registration_token()} <= github.issued_secrets

    async def test_a_new_registration_is_offline_and_counted(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            runner = (await client.generate_jit(scale_set_id)).json()["runner"]
            assert (runner["status"], runner["runnerScaleSetId"]) == ("offline", scale_set_id)
            assert github.statistics(scale_set_id)["totalRegisteredRunners"] == 1
            assert github.registrations_made == 1

    async def test_a_taken_name_is_refused(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            await client.generate_jit(scale_set_id)
            answer = await client.generate_jit(scale_set_id)
            assert answer.status_code == 409
            assert answer.json()["typeName"].startswith("GitHub.DistributedTask.WebApi.TaskAgentExistsException,")

    async def test_a_runner_is_found_by_id_and_by_name(self) -> None:
        async with connected(world()) as client:
            runner = (await client.generate_jit(await client.create_scale_set())).json()["runner"]
            by_id = await client.call("GET", f"{AGENTS}/{runner['id']}")
            by_name = await client.call("GET", AGENTS, query={"agentName": "small-0a1b2c3d"})
            assert by_id.json() == by_name.json()["value"][0] == runner

    async def test_an_unknown_runner_is_an_error_by_id_and_none_by_name(self) -> None:
        async with connected(world()) as client:
            by_id = await client.call("GET", f"{AGENTS}/7")
            assert (by_id.status_code, by_id.json()["typeKey"]) == (404, "TaskAgentNotFoundException")
            by_name = await client.call("GET", AGENTS, query={"agentName": "x"})
            assert by_name.json() == {"count": 0, "value": []}

    async def test_without_a_name_all_runners_are_listed(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            for name in ("a", "b"):
                await client.generate_jit(scale_set_id, name)
            assert (await client.call("GET", AGENTS)).json()["count"] == 2

    async def test_an_idle_runner_is_removed(self) -> None:
        github = world()
        async with connected(github) as client:
            runner = (await client.generate_jit(await client.create_scale_set())).json()["runner"]
            assert (await client.call("DELETE", f"{AGENTS}/{runner['id']}")).status_code == 204
            assert github.registrations_removed == {"service": 1}

    @pytest.mark.parametrize(("forgiving", "status"), [(False, 404), (True, 204)])
    async def test_removing_an_unknown_runner_is_answered_as_the_switch_says(
        self, *, forgiving: bool, status: int
    ) -> None:
        github = world()
        github.quirks.forgives_unknown_runners = forgiving
        async with connected(github) as client:
            assert (await client.call("DELETE", f"{AGENTS}/7")).status_code == status

    @pytest.mark.parametrize("status", [409, 400])
    async def test_removing_a_busy_runner_is_refused_as_the_switch_says(self, status: Any) -> None:
        github = world()
        github.quirks.job_still_running_status = status
        async with connected(github) as client:
            _, runner_id = await busy(github, client)
            answer = await client.call("DELETE", f"{AGENTS}/{runner_id}")
            assert (answer.status_code, answer.json()["typeKey"]) == (status, "TaskAgentJobStillRunningException")

    async def test_a_busy_runner_is_removed_where_the_switch_says_so_and_its_job_fails_later(self) -> None:
        github = world()
        github.quirks.removes_busy_runners = True
        async with connected(github) as client:
            _, runner_id = await busy(github, client)
            (job,) = github.jobs.values()
            assert (await client.call("DELETE", f"{AGENTS}/{runner_id}")).status_code == 204
            assert not github.finish_job(job.id)
            await asyncio.sleep(570)
            assert job.result == "failed"
