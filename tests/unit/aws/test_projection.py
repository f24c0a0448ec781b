"""A task of DescribeTasks as we keep it, and what is dropped at the door."""

import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from core.adapters.aws.projection import task_from
from core.domain.task import Container, Task, TaskStatus

CREATED = datetime(2030, 1, 1, tzinfo=UTC)
NAME = "ci-small-0a1b2c3d"


def override(name: str, **variables: str) -> dict[str, Any]:
    return {"name": name, "environment": [{"name": key, "value": value} for key, value in variables.items()]}


def tagged(**by_key: str) -> list[dict[str, str]]:
    return [{"key": key.replace("__", ":").replace("_", "-"), "value": value} for key, value in by_key.items()]


def project(**members: Any) -> Task:
    return task_from({"taskArn": "arn:task/ci/0", "lastStatus": "RUNNING", **members})


def test_a_whole_task_is_kept() -> None:
    at = {name: CREATED + timedelta(seconds=second) for second, name in enumerate(("a", "b", "c", "d", "e", "f"))}
    task = project(
        desiredStatus="STOPPED",
        lastStatus="DEPROVISIONING",
        tags=tagged(
            ecs_arc__scale_set="ci-small", ecs_arc__runner_name=NAME, arcdeck__controller="ci", arcdeck__runner_id="7"
        ),
        capacityProviderName="FARGATE_SPOT",
        launchType="FARGATE",
        taskDefinitionArn="arn:aws:ecs:eu-west-1:123456789012:task-definition/small:3",
        createdAt=at["a"],
        pullStartedAt=at["b"],
        pullStoppedAt=at["c"],
        startedAt=at["d"],
        stoppingAt=at["e"],
        stoppedAt=at["f"],
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
        containers=[{"name": "runner", "lastStatus": "STOPPED", "exitCode": 137, "reason": "OutOfMemoryError"}],
    )
    assert task == Task(
        arn="arn:task/ci/0",
        status=TaskStatus.DEPROVISIONING,
        desired_stopped=True,
        scale_set="ci-small",
        runner_name=NAME,
        runner_id=7,
        controller="ci",
        launch="FARGATE_SPOT",
        definition="small:3",
        created_at=at["a"],
        pull_started_at=at["b"],
        pull_stopped_at=at["c"],
        started_at=at["d"],
        stopping_at=at["e"],
        stopped_at=at["f"],
        stop_code="EssentialContainerExited",
        stopped_reason="Essential container in task exited",
        containers=(Container("runner", "STOPPED", 137, "OutOfMemoryError"),),
    )


@pytest.mark.parametrize("status", [status for status in TaskStatus if status is not TaskStatus.UNKNOWN])
def test_every_status_of_ecs_is_known(status: TaskStatus) -> None:
    assert project(lastStatus=status.value).status is status


@pytest.mark.parametrize("status", ["HIBERNATING", "", None])
def test_a_status_that_did_not_exist_is_a_value(status: str | None) -> None:
    assert project(lastStatus=status).status is TaskStatus.UNKNOWN


@pytest.mark.parametrize(
    ("started_by", "controller"),
    [("arcdeck/ci", "ci"), ("arcdeck/", None), ("arcdeck", None), ("somebody/ci", None), (None, None)],
)
def test_where_the_tags_are_gone_who_started_it_says_whose_it_is(
    started_by: str | None, controller: str | None
) -> None:
    assert project(startedBy=started_by).controller == controller


def test_an_empty_task_is_a_value() -> None:
    assert task_from({}) == Task(arn="", status=TaskStatus.UNKNOWN)


def test_a_task_without_a_creation_time_has_none() -> None:
    assert project().created_at is None


@pytest.mark.parametrize(
    "created", [CREATED.replace(tzinfo=None), CREATED.astimezone(timezone(timedelta(hours=5)))], ids=["naive", "+05:00"]
)
def test_every_time_is_aware_utc(created: datetime) -> None:
    projected = project(createdAt=created).created_at
    assert projected == CREATED
    assert projected is not None
    assert projected.tzinfo is UTC


@pytest.mark.parametrize("containers", [None, [], "none", [None]])
def test_a_task_without_containers_has_no_exit_code(containers: object) -> None:
    task = project(containers=containers)
    assert (task.containers, task.exit_code) == ((), None)


def test_a_container_that_never_started_has_no_exit_code() -> None:
    assert project(containers=[{"name": "runner", "lastStatus": "PENDING"}]).exit_code is None


def test_the_launch_type_stands_where_no_capacity_provider_was_used() -> None:
    assert project(launchType="EXTERNAL").launch == "EXTERNAL"


class TestRunnerName:
    def test_the_tag_comes_first(self) -> None:
        task = project(
            tags=tagged(ecs_arc__runner_name="tagged"),
            overrides={"containerOverrides": [override("runner", ARCDECK_RUNNER_NAME=NAME)]},
        )
        assert task.runner_name == "tagged"

    def test_the_override_stands_in_for_a_tag_that_is_gone(self) -> None:
        task = project(tags=[], overrides={"containerOverrides": [override("runner", ARCDECK_RUNNER_NAME=NAME)]})
        assert task.runner_name == NAME

    def test_another_containers_override_is_not_looked_at(self) -> None:
        task = project(overrides={"containerOverrides": [override("dind", ARCDECK_RUNNER_NAME=NAME)]})
        assert task.runner_name is None

    @pytest.mark.parametrize(
        "overrides", [None, [], {}, {"containerOverrides": None}, {"containerOverrides": [{"name": "runner"}]}]
    )
    def test_overrides_of_any_other_form_name_nobody(self, overrides: object) -> None:
        assert project(overrides=overrides).runner_name is None

    def test_nothing_else_of_the_overrides_is_kept(self) -> None:
        jit_config = secrets.token_urlsafe(3000)
        variables = {"ACTIONS_RUNNER_INPUT_JITCONFIG": jit_config, "ARCDECK_RUNNER_NAME": NAME}
        task = project(overrides={"containerOverrides": [override("runner", **variables)]})
        assert jit_config not in repr(task)


class TestRunnerId:
    @pytest.mark.parametrize(("tag", "expected"), [("7", 7), ("9223372036854775807", 9223372036854775807)])
    def test_a_number_is_read(self, tag: str, expected: int) -> None:
        assert project(tags=tagged(arcdeck__runner_id=tag)).runner_id == expected

    @pytest.mark.parametrize("tag", ["", "0", "-1", "7.5", "seven", "\N{ARABIC-INDIC DIGIT SEVEN}", "9" * 40, " 7"])
    def test_what_is_no_id_is_none(self, tag: str) -> None:
        assert project(tags=tagged(arcdeck__runner_id=tag)).runner_id is None


class TestUntrustedText:
    @pytest.mark.parametrize("member", ["stoppedReason", "stopCode", "launchType"])
    def test_control_characters_are_made_visible(self, member: str) -> None:
        assert "\x1b" not in repr(project(**{member: "\x1b[31mred"}))

    def test_a_containers_reason_is_cleaned(self) -> None:
        assert project(containers=[{"reason": "a\nb"}]).containers[0].reason == "a␊b"

    def test_a_tag_is_cleaned(self) -> None:
        assert project(tags=tagged(ecs_arc__scale_set="ci\x00")).scale_set == "ci␀"

    @pytest.mark.parametrize("tags", [None, "x", [None], [{}], [{"key": 1, "value": 2}], [{"Key": "a", "Value": "b"}]])
    def test_what_is_no_tag_is_passed_over(self, tags: object) -> None:
        assert project(tags=tags).scale_set is None
