"""The requests of the ECS JSON protocol, from bytes to typed values.

Limits that stand in the API reference are stated here as constraints of the fields, so that a request which gets past
this module is well formed; whether it can be carried out is the operations' business. Members that no rule of the world
reads are kept as they came (`wire()` gives them back), since ECS echoes overrides and definitions word for word.

Source of the limits: ecs-api.md sections A1, A3, A4.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from core.world.ecs.errors import EcsError, invalid_parameter

LaunchType = Literal["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"]
Include = tuple[str, ...]
PageSize = Annotated[int, Field(ge=1, le=100)]

DEFAULT_CLUSTER = "default"
"""The cluster that ECS means when a call names none."""


class Wire(BaseModel):
    """A structure of the wire: members in camel case, unknown ones kept."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, strict=True, extra="allow")

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Return the request in `body`; an empty body is a request without members.

        Raises EcsError: SerializationException for what is not JSON or of the wrong type, InvalidParameterException
        for a missing member or a value out of bounds. The text never repeats a value.
        """
        try:
            return cls.model_validate_json(body or b"{}")
        except ValidationError as error:
            raise _refusal(error) from None

    def wire(self) -> dict[str, Any]:
        """Return what was sent, member by member, and no defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _refusal(error: ValidationError) -> EcsError:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    member = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return invalid_parameter(f"{member} can not be blank.")
    if first["type"].endswith("_type") or first["type"] == "json_invalid":
        return EcsError("SerializationException", f"{member}: {first['msg']}")
    return invalid_parameter(f"Invalid value for {member}: {first['msg']}")


class Tag(Wire):
    """A tag; ECS writes its members in lower case."""

    key: str = Field(min_length=1, max_length=128)
    value: str = Field("", max_length=256)


Tags = Annotated[tuple[Tag, ...], Field(max_length=50)]


class Variable(Wire):
    """An environment variable."""

    name: str
    value: str = ""


class EphemeralStorage(Wire):
    """Scratch space of a Fargate task in GiB."""

    size_in_gib: int = Field(alias="sizeInGiB", ge=21, le=200)


class ContainerOverride(Wire):
    """What a run changes about one container."""

    name: str
    environment: tuple[Variable, ...] = ()


class Overrides(Wire):
    """What a run changes about the task."""

    container_overrides: tuple[ContainerOverride, ...] = ()
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    ephemeral_storage: EphemeralStorage | None = None


class AwsvpcConfiguration(Wire):
    """Where a task's network interface is attached."""

    subnets: tuple[str, ...] = Field(min_length=1, max_length=16)
    security_groups: tuple[str, ...] = Field((), max_length=5)
    assign_public_ip: Literal["ENABLED", "DISABLED"] = "DISABLED"


class NetworkConfiguration(Wire):
    """The network of a task in awsvpc mode."""

    awsvpc_configuration: AwsvpcConfiguration | None = None


class StrategyItem(Wire):
    """One capacity provider and its share of the tasks of a run."""

    capacity_provider: str
    weight: int = Field(0, ge=0, le=1000)
    base: int = Field(0, ge=0, le=100_000)


class RunTaskRequest(Wire):
    """RunTask."""

    cluster: str = DEFAULT_CLUSTER
    task_definition: str
    count: int = Field(1, ge=1, le=10)
    client_token: str | None = Field(None, pattern=r"^[!-~]{1,64}$")
    started_by: str | None = Field(None, pattern=r"^[A-Za-z0-9/_-]{0,128}$")
    group: str | None = None
    launch_type: LaunchType | None = None
    capacity_provider_strategy: tuple[StrategyItem, ...] = Field((), max_length=20)
    network_configuration: NetworkConfiguration | None = None
    overrides: Overrides = Overrides()
    tags: Tags = ()
    propagate_tags: Literal["TASK_DEFINITION", "SERVICE", "NONE"] = "NONE"
    enable_ecs_managed_tags: bool = Field(default=False, alias="enableECSManagedTags")
    enable_execute_command: bool = False
    platform_version: str | None = None

    @property
    def awsvpc(self) -> AwsvpcConfiguration | None:
        """The awsvpc configuration, where one was sent."""
        return self.network_configuration.awsvpc_configuration if self.network_configuration else None


class StopTaskRequest(Wire):
    """StopTask."""

    cluster: str = DEFAULT_CLUSTER
    task: str
    reason: str | None = None


class ListTasksRequest(Wire):
    """ListTasks. Its `desired_status` means RUNNING when it is not sent."""

    cluster: str = DEFAULT_CLUSTER
    container_instance: str | None = None
    family: str | None = None
    started_by: str | None = None
    service_name: str | None = None
    desired_status: Literal["RUNNING", "PENDING", "STOPPED"] = "RUNNING"
    launch_type: LaunchType | None = None
    max_results: PageSize = 100
    next_token: str | None = None


class DescribeTasksRequest(Wire):
    """DescribeTasks."""

    cluster: str = DEFAULT_CLUSTER
    tasks: tuple[str, ...]
    include: Include = ()


class Dependency(Wire):
    """A container that must have come so far before this one starts."""

    container_name: str
    condition: Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]


class ContainerDefinition(Wire):
    """A container of a task definition; sizes in cpu units and MiB, times in seconds."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")
    image: str
    essential: bool = True
    cpu: int = Field(0, ge=0)
    memory: int | None = Field(None, ge=6)
    memory_reservation: int | None = Field(None, ge=6)
    privileged: bool = False
    stop_timeout: int | None = Field(None, ge=0)
    depends_on: tuple[Dependency, ...] = ()
    health_check: dict[str, Any] | None = None


class RegisterTaskDefinitionRequest(Wire):
    """RegisterTaskDefinition. `cpu` and `memory` are strings, as everywhere at task level."""

    family: str = Field(pattern=r"^[A-Za-z0-9_-]{1,255}$")
    container_definitions: tuple[ContainerDefinition, ...] = Field(min_length=1, max_length=10)
    network_mode: Literal["bridge", "host", "awsvpc", "none"] | None = None
    requires_compatibilities: tuple[LaunchType, ...] = ()
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    volumes: tuple[dict[str, Any], ...] = ()
    tags: Tags = ()


class TaskDefinitionRequest(Wire):
    """DescribeTaskDefinition and DeregisterTaskDefinition."""

    task_definition: str
    include: Include = ()


class ListTaskDefinitionFamiliesRequest(Wire):
    """ListTaskDefinitionFamilies. Here the prefix is a prefix, and no status lists both."""

    family_prefix: str = ""
    status: Literal["ACTIVE", "INACTIVE", "ALL"] = "ALL"
    max_results: PageSize = 100
    next_token: str | None = None


class ListTaskDefinitionsRequest(Wire):
    """ListTaskDefinitions. Here the "prefix" is the whole name of one family."""

    family_prefix: str | None = None
    status: Literal["ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"] = "ACTIVE"
    sort: Literal["ASC", "DESC"] = "ASC"
    max_results: PageSize = 100
    next_token: str | None = None


class DescribeClustersRequest(Wire):
    """DescribeClusters."""

    clusters: tuple[str, ...] = (DEFAULT_CLUSTER,)
    include: Include = ()


class DescribeCapacityProvidersRequest(Wire):
    """DescribeCapacityProviders; no names means all of them."""

    capacity_providers: tuple[str, ...] = ()
    max_results: PageSize = 100
    next_token: str | None = None


class TagResourceRequest(Wire):
    """TagResource."""

    resource_arn: str
    tags: Tags


class ListTagsForResourceRequest(Wire):
    """ListTagsForResource."""

    resource_arn: str
