"""The operations on task definitions. Source: ecs-api.md section A4."""

from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.ecs import tags
from core.world.ecs.answers import Answer
from core.world.ecs.definition_rules import check_definition
from core.world.ecs.definitions import DefinitionRegistry, TaskDefinition
from core.world.ecs.operations import Operation, Operations
from core.world.ecs.paging import Paging
from core.world.ecs.requests import (
    ListTaskDefinitionFamiliesRequest,
    ListTaskDefinitionsRequest,
    RegisterTaskDefinitionRequest,
    TaskDefinitionRequest,
)


@dataclass(frozen=True, slots=True)
class DefinitionOperations:
    """Registering, retiring and looking up task definitions."""

    clock: WorldClock
    definitions: DefinitionRegistry

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "RegisterTaskDefinition": Operation(RegisterTaskDefinitionRequest, self.register),
            "DeregisterTaskDefinition": Operation(TaskDefinitionRequest, self.deregister),
            "DescribeTaskDefinition": Operation(TaskDefinitionRequest, self.describe),
            "ListTaskDefinitionFamilies": Operation(ListTaskDefinitionFamiliesRequest, self.list_families),
            "ListTaskDefinitions": Operation(ListTaskDefinitionsRequest, self.list),
        }

    def register(self, request: RegisterTaskDefinitionRequest) -> Answer:
        """Register a revision; the same content twice makes two."""
        check_definition(request)
        definition = self.definitions.add(request, tags.from_wire(request.tags), self.clock.now())
        return {"taskDefinition": definition.wire(), "tags": tags.to_wire(definition.tags)}

    def deregister(self, request: TaskDefinitionRequest) -> Answer:
        """Make a revision INACTIVE; its tasks run on."""
        definition = self.definitions.retire(request.task_definition, self.clock.now())
        return {"taskDefinition": definition.wire()}

    def describe(self, request: TaskDefinitionRequest) -> Answer:
        """Describe a revision, or the latest ACTIVE one of a family; tags beside it, when asked for."""
        definition = self.definitions.described(request.task_definition)
        answer: Answer = {"taskDefinition": definition.wire()}
        return answer | {"tags": tags.to_wire(definition.tags)} if "TAGS" in request.include else answer

    def list_families(self, request: ListTaskDefinitionFamiliesRequest) -> Answer:
        """List families by name; INACTIVE ones have no ACTIVE revision."""
        wanted = {"ACTIVE": (True,), "INACTIVE": (False,), "ALL": (True, False)}[request.status]
        names = [
            name
            for name, is_active in self.definitions.families().items()
            if is_active in wanted and name.startswith(request.family_prefix)
        ]
        paging: Paging[str] = Paging(lambda name: (name,), f"families {request.status} {request.family_prefix}")
        page = paging.cut(names, request.max_results, request.next_token)
        return page.answer("families", lambda name: name)

    def list(self, request: ListTaskDefinitionsRequest) -> Answer:
        """List the ARNs of revisions of one status, of one family or of all, by family and number."""
        wanted = [
            definition
            for definition in self.definitions
            if definition.is_active == (request.status == "ACTIVE")
            and request.status != "DELETE_IN_PROGRESS"
            and request.family_prefix in (None, definition.family)
        ]
        paging: Paging[TaskDefinition] = Paging(
            place=lambda definition: (definition.family, definition.revision),
            scope=f"definitions {request.status} {request.sort} {request.family_prefix}",
            descending=request.sort == "DESC",
        )
        page = paging.cut(wanted, request.max_results, request.next_token)
        return page.answer("taskDefinitionArns", lambda definition: definition.arn)
