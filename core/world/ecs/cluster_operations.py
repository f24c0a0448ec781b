"""The operations on the cluster, its capacity providers, and the tags of everything.

Sources: ecs-api.md sections A1 (tags), A2 and A9; AWS: DescribeClusters, DescribeCapacityProviders, TagResource.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.world.ecs import tags
from core.world.ecs.answers import Answer
from core.world.ecs.capacity import CapacityLedger
from core.world.ecs.definitions import DefinitionRegistry
from core.world.ecs.errors import EcsError, invalid_parameter
from core.world.ecs.names import Names
from core.world.ecs.operations import Operation, Operations
from core.world.ecs.paging import Paging
from core.world.ecs.placement import FARGATE_PROVIDERS
from core.world.ecs.requests import (
    DescribeCapacityProvidersRequest,
    DescribeClustersRequest,
    ListTagsForResourceRequest,
    TagResourceRequest,
)
from core.world.ecs.states import TaskState
from core.world.ecs.task_table import TaskTable

_STARTING = frozenset({TaskState.PROVISIONING, TaskState.PENDING, TaskState.ACTIVATING})


@dataclass(frozen=True, slots=True)
class ClusterOperations:
    """Looking at the cluster, and tagging."""

    names: Names
    table: TaskTable
    definitions: DefinitionRegistry
    capacity: CapacityLedger
    cluster_tags: dict[str, str] = field(default_factory=dict)

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "DescribeClusters": Operation(DescribeClustersRequest, self.describe_clusters),
            "DescribeCapacityProviders": Operation(DescribeCapacityProvidersRequest, self.describe_providers),
            "TagResource": Operation(TagResourceRequest, self.tag),
            "ListTagsForResource": Operation(ListTagsForResourceRequest, self.list_tags),
        }

    def describe_clusters(self, request: DescribeClustersRequest) -> Answer:
        """Describe this cluster under its name or ARN; every other name is MISSING."""
        ours = (self.names.cluster, self.names.cluster_arn)
        known = any(reference in ours for reference in request.clusters)
        missing = [reference for reference in request.clusters if reference not in ours]
        return {
            "clusters": [self._cluster(with_tags="TAGS" in request.include)] if known else [],
            "failures": [{"arn": self.names.cluster_named(one), "reason": "MISSING"} for one in missing],
        }

    def describe_providers(self, request: DescribeCapacityProvidersRequest) -> Answer:
        """Describe capacity providers by name or ARN, or all of them."""
        known = {self.names.capacity_provider(name): name for name in self._providers()}
        wanted = [self.names.capacity_provider(one) for one in request.capacity_providers] or list(known)
        missing = [arn for arn in wanted if arn not in known]
        paging: Paging[str] = Paging(place=lambda name: (name,), scope=f"providers {request.capacity_providers}")
        page = paging.cut((known[arn] for arn in wanted if arn in known), request.max_results, request.next_token)
        answer = page.answer("capacityProviders", self._provider)
        return answer | {"failures": [{"arn": arn, "reason": "MISSING"} for arn in missing]}

    def tag(self, request: TagResourceRequest) -> Answer:
        """Add tags to a task, a task definition or the cluster, replacing those of the same key."""
        present = self._tags_of(request.resource_arn)
        if present is None:
            raise EcsError("ResourceNotFoundException", "The specified resource was not found.")
        added = tags.from_wire(request.tags)
        if len(present | added) > tags.MOST_TAGS:
            raise invalid_parameter(f"A resource cannot have more than {tags.MOST_TAGS} tags.")
        present.update(added)
        return {}

    def list_tags(self, request: ListTagsForResourceRequest) -> Answer:
        """List the tags of a resource; those of a stopped task may be gone."""
        present = self._tags_of(request.resource_arn)
        if present is None:
            raise invalid_parameter("The specified resource was not found.")
        return {"tags": tags.to_wire(present)}

    def _tags_of(self, arn: str) -> dict[str, str] | None:
        if arn == self.names.cluster_arn:
            return self.cluster_tags
        if ":task-definition/" in arn:
            definition = self.definitions.by_arn(arn)
            return None if definition is None else definition.tags
        task = self.table.described(arn)
        if task is None:
            return None
        return {} if task.tags_dropped else task.tags

    def _cluster(self, *, with_tags: bool) -> Answer:
        states = [task.last_status for task in self.table.tasks.values()]
        return {
            "clusterArn": self.names.cluster_arn,
            "clusterName": self.names.cluster,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": len(set(self.capacity.rooms) - FARGATE_PROVIDERS),
            "runningTasksCount": sum(state is TaskState.RUNNING for state in states),
            "pendingTasksCount": sum(state in _STARTING for state in states),
            "activeServicesCount": 0,
            "statistics": [],
            "settings": [],
            "tags": tags.to_wire(self.cluster_tags if with_tags else {}),
            "capacityProviders": list(self.capacity.capacity.providers),
            "defaultCapacityProviderStrategy": self._default_strategy(),
        }

    def _default_strategy(self) -> Sequence[Answer]:
        default = self.capacity.capacity.default_provider
        return [] if default is None else [{"capacityProvider": default, "weight": 1, "base": 0}]

    def _providers(self) -> list[str]:
        return sorted(FARGATE_PROVIDERS | set(self.capacity.capacity.providers))

    def _provider(self, name: str) -> Answer:
        kind = name if name in FARGATE_PROVIDERS else "EC2_AUTOSCALING"
        arn = self.names.capacity_provider(name)
        return {"capacityProviderArn": arn, "name": name, "status": "ACTIVE", "type": kind, "tags": []}
