"""The parameters of one start (seed: ``RunTaskInput``; behaviour.md 1.2). The wire is the AWS adapter's."""

import re
import secrets
from collections.abc import Callable
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.run_task import RunTaskInput
from core.domain.scale_set import LaunchType
from core.domain.secret import Secret

controllers = st.from_regex(r"[A-Za-z0-9-]{1,32}", fullmatch=True)


def a_start(name: str = "small-0000000a", **facts: object) -> RunTaskInput:
    start = RunTaskInput(
        task_definition="small:3",
        jit_config_encoded=Secret(secrets.token_urlsafe(30)),
        runner_name=name,
        scale_set_name="small",
        subnets=(),
        security_groups=(),
        capacity_provider="",
        launch_type=LaunchType.FARGATE,
        controller="blue",
    )
    return replace(start, **facts)  # type: ignore[arg-type]  # builders take any field


def test_a_start_has_the_fields_of_the_seed_in_its_order() -> None:
    assert [field.name for field in fields(RunTaskInput)][:8] == [
        "task_definition",
        "jit_config_encoded",
        "runner_name",
        "scale_set_name",
        "subnets",
        "security_groups",
        "capacity_provider",
        "launch_type",
    ]


def test_the_client_token_depends_on_the_runners_name_alone() -> None:
    assert a_start(task_definition="small:3").client_token == a_start(task_definition="small:4").client_token


@given(one=st.text(max_size=64), other=st.text(max_size=64))
def test_two_names_are_two_intents(one: str, other: str) -> None:
    assert (a_start(one).client_token == a_start(other).client_token) is (one == other)


@given(st.text(max_size=64))
def test_the_client_token_is_what_ecs_takes_for_one(name: str) -> None:
    assert re.fullmatch(r"[!-~]{1,64}", a_start(name).client_token)


@given(controllers)
def test_started_by_is_what_ecs_takes_for_one(controller: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9/_-]{1,128}", a_start(controller=controller).started_by)


def test_started_by_names_the_controller() -> None:
    assert a_start(controller="blue").started_by == "arcdeck/blue"


@pytest.mark.parametrize("show", [repr, str])
def test_a_start_shows_nobody_its_jit_config(show: Callable[[object], str]) -> None:
    start = a_start()
    assert start.jit_config_encoded.reveal() not in show(start)
