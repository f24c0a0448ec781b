"""What a scale set's task definition says, sentence by sentence of behaviour.md 3.3."""

from dataclasses import replace

import pytest

from core.domain.errors import ConfigurationError
from core.domain.scale_set import LaunchType, Placement, ScaleSetSpec, Shape
from core.domain.task_definition import (
    ContainerDefinition,
    DefinitionSettings,
    Dependency,
    HealthCheck,
    LogStream,
    Mount,
    TaskDefinition,
    content_hash,
    desired_definition,
)

SETTINGS = DefinitionSettings(
    execution_role="arn:aws:iam::123456789012:role/pull",
    task_role="arn:aws:iam::123456789012:role/job",
    log_group="/ecs/runners",
    region="eu-west-1",
)


def spec(*, dind: bool = False, launch_type: LaunchType = LaunchType.EC2, **shape: object) -> ScaleSetSpec:
    return ScaleSetSpec(
        name="ci-small",
        family="small",
        shape=replace(Shape(cpu=1024, memory=2048, runner_image="runner:1", dind=dind), **shape),  # type: ignore[arg-type]  # names checked by replace
        placement=Placement(launch_type=launch_type, network_mode="bridge"),
    )


def plain() -> TaskDefinition:
    return desired_definition(spec(), SETTINGS)


def with_dind() -> TaskDefinition:
    return desired_definition(spec(dind=True, dind_image="docker:27-dind"), SETTINGS)


def container(definition: TaskDefinition, name: str) -> ContainerDefinition:
    return next(container for container in definition.containers if container.name == name)


class TestEveryDefinition:
    def test_has_the_family_and_not_the_scale_set_name(self) -> None:
        assert plain().family == "small"

    def test_writes_cpu_and_memory_as_strings(self) -> None:
        assert (plain().cpu, plain().memory) == ("1024", "2048")

    def test_has_the_network_mode_of_the_placement(self) -> None:
        assert plain().network_mode == "bridge"

    @pytest.mark.parametrize("launch_type", list(LaunchType))
    def test_requires_the_one_compatibility(self, launch_type: LaunchType) -> None:
        assert desired_definition(spec(launch_type=launch_type), SETTINGS).compatibility == launch_type.value

    def test_has_the_two_roles(self) -> None:
        assert (plain().execution_role, plain().task_role) == (SETTINGS.execution_role, SETTINGS.task_role)

    def test_has_the_os_as_platform(self) -> None:
        assert (plain().os, plain().architecture) == ("LINUX", "")

    def test_has_the_architecture_beside_the_os(self) -> None:
        definition = desired_definition(spec(architecture="ARM64"), SETTINGS)
        assert (definition.os, definition.architecture) == ("LINUX", "ARM64")

    def test_has_no_platform_without_an_os(self) -> None:
        definition = desired_definition(spec(os="", architecture="ARM64"), SETTINGS)
        assert (definition.os, definition.architecture) == ("", "")


class TestPlain:
    def test_has_one_essential_container_that_runs_the_runner(self) -> None:
        (runner,) = plain().containers
        assert (runner.name, runner.essential, runner.command) == ("runner", True, ("/home/runner/run.sh",))

    def test_uses_the_runner_image(self) -> None:
        assert container(plain(), "runner").image == "runner:1"

    def test_logs_under_the_family(self) -> None:
        assert container(plain(), "runner").log == LogStream("/ecs/runners", "eu-west-1", "small")

    def test_has_no_volumes(self) -> None:
        assert plain().volumes == ()


class TestWithDind:
    def test_has_three_volumes(self) -> None:
        assert set(with_dind().volumes) == {"dind-sock", "dind-externals", "work"}

    def test_has_three_containers(self) -> None:
        assert [c.name for c in with_dind().containers] == ["init-dind-externals", "dind", "runner"]


class TestInit:
    def test_runs_the_runner_image_as_root_and_may_end(self) -> None:
        init = container(with_dind(), "init-dind-externals")
        assert (init.image, init.user, init.essential) == ("runner:1", "0", False)

    def test_copies_the_externals_and_gives_copy_and_work_to_the_runner(self) -> None:
        script = container(with_dind(), "init-dind-externals").command[-1]
        copy, give = script.split(" && ")
        assert copy.split()[-2:] == ["/home/runner/externals/.", "/home/runner/tmpDir/"]
        assert give.split() == ["chown", "-R", "1001:123", "/home/runner/tmpDir", "/home/runner/_work"]

    def test_mounts_the_externals_volume_where_it_copies_to_and_the_work_folder(self) -> None:
        assert set(container(with_dind(), "init-dind-externals").mounts) == {
            Mount("dind-externals", "/home/runner/tmpDir"),
            Mount("work", "/home/runner/_work"),
        }

    def test_logs_under_the_family_and_init(self) -> None:
        assert container(with_dind(), "init-dind-externals").log == LogStream("/ecs/runners", "eu-west-1", "small-init")


class TestDockerDaemon:
    def test_is_essential_and_privileged_and_uses_the_dind_image(self) -> None:
        dind = container(with_dind(), "dind")
        assert (dind.essential, dind.privileged, dind.image) == (True, True, "docker:27-dind")

    def test_listens_on_the_shared_socket_for_the_group_of_the_runner(self) -> None:
        command = container(with_dind(), "dind").command
        assert command == ("dockerd", "--host=unix:///var/run/docker.sock", "--group=123")

    def test_is_healthy_when_docker_answers(self) -> None:
        assert container(with_dind(), "dind").health_check == HealthCheck(
            command=("CMD", "docker", "info"), start_period=120, interval=5, timeout=5, retries=3
        )

    def test_mounts_work_socket_and_externals_where_the_runner_has_them(self) -> None:
        assert set(container(with_dind(), "dind").mounts) == {
            Mount("work", "/home/runner/_work"),
            Mount("dind-sock", "/var/run"),
            Mount("dind-externals", "/home/runner/externals"),
        }

    def test_logs_under_the_family_and_dind(self) -> None:
        assert container(with_dind(), "dind").log == LogStream("/ecs/runners", "eu-west-1", "small-dind")


class TestRunnerBesideDind:
    def test_is_told_where_docker_is_and_how_long_to_wait_for_it(self) -> None:
        assert dict(container(with_dind(), "runner").environment) == {
            "DOCKER_HOST": "unix:///var/run/docker.sock",
            "RUNNER_WAIT_FOR_DOCKER_IN_SECONDS": "120",
        }

    def test_starts_after_init_succeeded_and_dind_is_healthy(self) -> None:
        assert set(container(with_dind(), "runner").depends_on) == {
            Dependency("init-dind-externals", "SUCCESS"),
            Dependency("dind", "HEALTHY"),
        }

    def test_mounts_work_and_socket(self) -> None:
        assert set(container(with_dind(), "runner").mounts) == {
            Mount("work", "/home/runner/_work"),
            Mount("dind-sock", "/var/run"),
        }

    def test_is_otherwise_the_plain_runner(self) -> None:
        beside = container(with_dind(), "runner")
        assert replace(beside, environment=(), depends_on=(), mounts=()) == container(plain(), "runner")


class TestFargate:
    def test_refuses_a_privileged_container(self) -> None:
        with pytest.raises(ConfigurationError, match="Fargate runs no privileged container") as refused:
            desired_definition(spec(dind=True, launch_type=LaunchType.FARGATE), SETTINGS)
        assert "small" in refused.value.message

    def test_takes_the_plain_form(self) -> None:
        assert desired_definition(spec(launch_type=LaunchType.FARGATE), SETTINGS).compatibility == "FARGATE"


class TestContentHash:
    def test_is_a_sha256_in_hex(self) -> None:
        assert len(bytes.fromhex(content_hash(plain()))) == 32

    def test_is_the_same_in_every_release_or_every_family_is_registered_anew(self) -> None:
        assert content_hash(plain()) == "5ddcd2c408c43c39cc83c6b38bf889c4d3b56b4ba3a99aea5839090c1c9dd7a1"

    def test_does_not_depend_on_the_order_of_what_has_none(self) -> None:
        definition = with_dind()
        turned = replace(
            definition,
            volumes=definition.volumes[::-1],
            containers=tuple(
                replace(c, environment=c.environment[::-1], mounts=c.mounts[::-1], depends_on=c.depends_on[::-1])
                for c in definition.containers
            ),
        )
        assert content_hash(turned) == content_hash(definition)

    def test_depends_on_the_order_of_command_words(self) -> None:
        definition = plain()
        (runner,) = definition.containers
        one, other = (
            replace(definition, containers=(replace(runner, command=words),)) for words in (("a", "b"), ("b", "a"))
        )
        assert content_hash(one) != content_hash(other)

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param(spec(cpu=2048), id="cpu"),
            pytest.param(spec(memory=4096), id="memory"),
            pytest.param(spec(runner_image="runner:2"), id="image"),
            pytest.param(spec(architecture="X86_64"), id="architecture"),
            pytest.param(spec(dind=True), id="dind"),
            pytest.param(spec(launch_type=LaunchType.EXTERNAL), id="compatibility"),
            pytest.param(replace(spec(), family="large"), id="family"),
        ],
    )
    def test_changes_with_the_specification(self, changed: ScaleSetSpec) -> None:
        assert content_hash(desired_definition(changed, SETTINGS)) != content_hash(plain())

    @pytest.mark.parametrize(
        "settings",
        [
            pytest.param(replace(SETTINGS, execution_role="arn:other"), id="execution role"),
            pytest.param(replace(SETTINGS, task_role="arn:other"), id="task role"),
            pytest.param(replace(SETTINGS, log_group="/other"), id="log group"),
            pytest.param(replace(SETTINGS, region="eu-north-1"), id="region"),
        ],
    )
    def test_changes_with_the_settings(self, settings: DefinitionSettings) -> None:
        assert content_hash(desired_definition(spec(), settings)) != content_hash(plain())
