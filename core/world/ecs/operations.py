"""The shape of an operation: what it reads, and what carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.world.ecs.answers import Answer
from core.world.ecs.requests import Wire

Request = TypeVar("Request", bound=Wire)


@dataclass(frozen=True, slots=True)
class Operation(Generic[Request]):
    """An operation of the API. `perform` raises EcsError for what ECS refuses."""

    request: type[Request]
    perform: Callable[[Request], Answer]


Operations = Mapping[str, Operation[Any]]
"""Operations by the API's own names."""
