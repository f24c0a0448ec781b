"""Scale sets and groups over HTTP, and the form that every request to the Actions service must have."""

import asyncio

import pytest

from core.world.github import RunnerGroup, TokenKind
from tests.unit.world.github_support import AGENT, busy, connected, world

pytestmark = pytest.mark.virtual_time

SETS = "runtime/runnerscalesets"


class TestScaleSets:
    async def test_a_created_scale_set_is_answered_whole(self) -> None:
        async with connected(world()) as client:
            body = {"name": "small", "labels": [{"name": "small"}], "RunnerSetting": {"disableUpdate": True}}
            answer = await client.call("POST", SETS, body=body)
            assert answer.status_code == 200
            assert answer.json() == {
                "id": 1,
                "name": "small",
                "runnerGroupId": 1,
                "runnerGroupName": "Default",
                "labels": [{"type": "System", "name": "small"}],
                "RunnerSetting": {"disableUpdate": True},
                "createdOn": "2030-01-01T00:00:00.0000000Z",
                "runnerJitConfigUrl": f"{client.service}_apis/{SETS}/1/generatejitconfig",
                "statistics": dict.fromkeys(answer.json()["statistics"], 0),
            }

    async def test_the_statistics_are_the_seven_of_the_service(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", f"{SETS}/{await client.create_scale_set()}")
            assert set(answer.json()["statistics"]) == {
                "totalAvailableJobs",
                "totalAcquiredJobs",
                "totalAssignedJobs",
                "totalRunningJobs",
                "totalRegisteredRunners",
                "totalBusyRunners",
                "totalIdleRunners",
            }

    async def test_a_name_is_taken_only_once_in_a_group(self) -> None:
        async with connected(world()) as client:
            await client.create_scale_set()
            answer = await client.call("POST", SETS, body={"name": "small"})
            assert (answer.status_code, answer.json()["typeName"]) == (
                400,
                "GitHub.Actions.Runtime.WebApi.RunnerScaleSetExistsException, GitHub.Actions.Runtime.WebApi",
            )

    async def test_a_taken_name_can_be_reported_in_the_wrapping_of_the_broker(self) -> None:
        github = world()
        github.quirks.wrapped_errors = True
        async with connected(github) as client:
            await client.create_scale_set()
            answer = await client.call("POST", SETS, body={"name": "small"})
            assert set(answer.json()) == {"error", "details"}
            assert '\\"typeName\\"' in answer.json()["details"]
            assert "RunnerScaleSetExistsException" in answer.text

    @pytest.mark.parametrize("body", [{}, {"labels": []}, {"name": ""}, {"name": "x", "runnerGroupId": 9}, []])
    async def test_a_scale_set_that_makes_no_sense_is_refused_in_plain_text(self, body: object) -> None:
        async with connected(world()) as client:
            answer = await client.call("POST", SETS, body=body)
            assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (400, "text/plain")

    async def test_extra_labels_are_dropped_where_the_switch_says_so(self) -> None:
        github = world()
        github.quirks.drops_extra_labels = True
        async with connected(github) as client:
            answer = await client.call("GET", f"{SETS}/{await client.create_scale_set('small', 'ecs-arc.managed')}")
            assert answer.json()["labels"] == [{"type": "System", "name": "small"}]

    @pytest.mark.parametrize("name", ["a&b #1", "50%", "x;y", "a+b"])
    async def test_a_name_is_found_however_it_is_written(self, name: str) -> None:
        async with connected(world()) as client:
            await client.create_scale_set(name)
            answer = await client.call("GET", SETS, query={"runnerGroupId": 1, "name": name})
            assert (answer.json()["count"], answer.json()["value"][0]["name"]) == (1, name)

    async def test_a_name_that_is_not_there_is_counted_as_none(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", SETS, query={"runnerGroupId": 1, "name": "small"})
            assert answer.json() == {"count": 0, "value": []}

    async def test_the_list_is_by_group_or_of_all(self) -> None:
        async with connected(world()) as client:
            await client.create_scale_set("one")
            await client.create_scale_set("two")
            counts = [
                (await client.call("GET", SETS, query=query)).json()["count"]
                for query in ({"runnerGroupId": 1}, {"runnerGroupId": 2}, {})
            ]
            assert counts == [2, 0, 2]

    async def test_looking_up_a_name_counts_as_another_operation_than_listing(self) -> None:
        github = world()
        async with connected(github) as client:
            await client.call("GET", SETS, query={"runnerGroupId": 1})
            await client.call("GET", SETS, query={"runnerGroupId": 1, "name": "x"})
            assert (github.calls["list_scale_sets"], github.calls["get_scale_set"]) == (1, 1)

    async def test_an_unknown_id_is_not_found(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", f"{SETS}/6")
            assert answer.status_code == 404
            assert answer.json()["message"] == "No runner scale set found with identifier 6."
            assert answer.json()["typeKey"] == "RunnerScaleSetNotFoundException"
            assert answer.headers["ActivityId"]
            assert answer.headers["X-GitHub-Request-Id"]

    async def test_an_update_changes_only_what_it_names(self) -> None:
        async with connected(world()) as client:
            scale_set_id = await client.create_scale_set()
            body = {
                "labels": [{"name": "small"}, {"name": "gpu"}],
                "RunnerSetting": {},
                "createdOn": "0001-01-01T00:00:00Z",
            }
            changed = (await client.call("PATCH", f"{SETS}/{scale_set_id}", body=body)).json()
            assert [label["name"] for label in changed["labels"]] == ["small", "gpu"]
            assert (changed["name"], changed["RunnerSetting"]) == ("small", {"disableUpdate": True})

    async def test_a_setting_is_changed_by_an_update(self) -> None:
        async with connected(world()) as client:
            await client.call("POST", SETS, body={"name": "small"})
            body = {"RunnerSetting": {"disableUpdate": True}}
            assert (await client.call("PATCH", f"{SETS}/1", body=body)).json()["RunnerSetting"] == {
                "disableUpdate": True
            }

    async def test_a_scale_set_moves_to_another_group(self) -> None:
        github = world(groups=(RunnerGroup(1, "Default"), RunnerGroup(5, "Build Farm")))
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.call("PATCH", f"{SETS}/{scale_set_id}", body={"runnerGroupId": 5})
            scale_set = github.scale_set("small")
            assert scale_set is not None
            assert scale_set.group.name == "Build Farm"

    async def test_a_rename_to_a_taken_name_is_refused(self) -> None:
        async with connected(world()) as client:
            await client.create_scale_set("one")
            two = await client.create_scale_set("two")
            answer = await client.call("PATCH", f"{SETS}/{two}", body={"name": "one"})
            assert answer.json()["typeKey"] == "RunnerScaleSetExistsException"

    async def test_the_setting_is_read_in_either_casing(self) -> None:
        async with connected(world()) as client:
            body = {"name": "small", "runnerSetting": {"disableUpdate": True}}
            assert (await client.call("POST", SETS, body=body)).json()["RunnerSetting"] == {"disableUpdate": True}

    async def test_a_scale_set_is_deleted_with_its_runners(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id = await client.create_scale_set()
            await client.generate_jit(scale_set_id)
            assert (await client.call("DELETE", f"{SETS}/{scale_set_id}")).status_code == 204
            assert (github.scale_sets, github.runners) == ({}, {})
            assert (await client.call("DELETE", f"{SETS}/{scale_set_id}")).status_code == 404

    async def test_a_scale_set_with_a_running_job_is_not_deleted(self) -> None:
        github = world()
        async with connected(github) as client:
            scale_set_id, _ = await busy(github, client)
            assert (await client.call("DELETE", f"{SETS}/{scale_set_id}")).status_code == 400
            assert scale_set_id in github.scale_sets


class TestGroups:
    @pytest.mark.parametrize("path", ["runtime/runnergroups/", "runtime/runnergroups"])
    async def test_the_default_group_is_found_in_any_casing(self, path: str) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", path, query={"groupName": "default"})
            assert answer.json() == {
                "count": 1,
                "value": [{"id": 1, "name": "Default", "size": 0, "isDefaultGroup": True}],
            }

    async def test_other_groups_hold_scale_sets_of_the_same_name(self) -> None:
        github = world(groups=(RunnerGroup(1, "Default"), RunnerGroup(5, "Build Farm", 12)))
        async with connected(github) as client:
            answer = await client.call("GET", "runtime/runnergroups/", query={"groupName": "Build Farm"})
            assert answer.json()["value"] == [{"id": 5, "name": "Build Farm", "size": 12, "isDefaultGroup": False}]
            await client.create_scale_set()
            body = {"name": "small", "runnerGroupId": 5}
            assert (await client.call("POST", SETS, body=body)).json()["runnerGroupName"] == "Build Farm"
            back = await client.call("PATCH", f"{SETS}/2", body={"runnerGroupId": 1})
            assert back.json()["typeKey"] == "RunnerScaleSetExistsException"

    async def test_an_unknown_group_is_counted_as_none(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", "runtime/runnergroups/", query={"groupName": "x"})
            assert answer.json() == {"count": 0, "value": []}


class TestForm:
    @pytest.mark.parametrize("key", list(AGENT))
    async def test_the_user_agent_must_have_each_of_its_keys(self, key: str) -> None:
        async with connected(world()) as client:
            del client.agent[key]
            answer = await client.call("GET", SETS)
            assert (answer.status_code, "User-Agent" in answer.text) == (400, True)

    async def test_the_user_agent_must_be_json(self) -> None:
        async with connected(world()) as client:
            headers = {"Authorization": f"Bearer {client.admin}", "User-Agent": "curl/8"}
            url = f"{client.service}_apis/{SETS}?api-version=6.0-preview"
            assert "User-Agent" in (await client.http.get(url, headers=headers)).text

    async def test_the_api_version_is_needed(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", SETS, query={"api-version": "1.0"})
            assert (answer.status_code, "api-version" in answer.text) == (400, True)

    async def test_a_token_of_another_kind_is_refused(self) -> None:
        async with connected(world()) as client:
            answer = await client.call("GET", SETS, token=await client.registration_token())
            assert (answer.status_code, answer.json()["typeKey"]) == (401, "InvalidTokenException")

    async def test_an_expired_admin_token_is_refused(self) -> None:
        github = world()
        async with connected(github) as client:
            github.controls.expire_tokens(TokenKind.ADMIN)
            assert (await client.call("GET", SETS)).status_code == 401
            await client.connect()
            assert (await client.call("GET", SETS)).status_code == 200

    async def test_an_admin_token_ends_after_its_life_and_an_older_one_is_good_until_then(self) -> None:
        async with connected(world()) as client:
            older = client.admin
            await asyncio.sleep(1800)
            await client.connect()
            assert (await client.call("GET", SETS, token=older)).status_code == 200
            await asyncio.sleep(1800)
            assert (await client.call("GET", SETS, token=older)).status_code == 401
            assert (await client.call("GET", SETS)).status_code == 200

    async def test_what_is_not_routed_is_counted_and_not_found(self) -> None:
        github = world()
        async with connected(github) as client:
            assert (await client.call("GET", "elsewhere")).text == "404 page not found"
            assert (await client.rest("GET", "/elsewhere")).json()["message"] == "Not Found"
            assert github.calls["unrouted"] == 2
