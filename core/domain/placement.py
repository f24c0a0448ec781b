"""Classes of placement: what a refusal by ECS says about other starts (DESIGN.md section 4, Starts).

One scale set that finds no memory closes the same capacity provider for every request at least as large, in whatever
scale set it arises; a smaller request is still tried. The table of texts is that of ecs-api.md A1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.domain.errors import CapacityKind

if TYPE_CHECKING:
    from core.domain.errors import TransientCapacityError
    from core.domain.scale_set import ScaleSetSpec


class Dimension(StrEnum):
    """What there was not enough of."""

    CPU = "cpu"
    MEMORY = "memory"
    SIZE = "size"  #: Fargate capacity for one cpu and memory pair
    ENI = "eni"
    PORTS = "ports"
    GPU = "gpu"
    RATE = "rate"  #: throttling: all of it, and no reason to go elsewhere, for the account is over its rate everywhere
    ALL = "all"  #: agents, empty providers and quotas


@dataclass(frozen=True, slots=True)
class PlacementRequest:
    """Where one start would go and what it needs."""

    provider: str  #: capacity provider, else launch type
    cpu: int
    memory: int
    eni: bool = False


@dataclass(frozen=True, slots=True)
class PlacementClass:
    """A set of requests that share a fate."""

    provider: str
    dimension: Dimension
    cpu: int = 0
    memory: int = 0

    def covers(self, request: PlacementRequest) -> bool:
        """Whether the request belongs to the class."""
        if request.provider != self.provider:
            return False
        match self.dimension:
            case Dimension.CPU:
                return request.cpu >= self.cpu
            case Dimension.MEMORY:
                return request.memory >= self.memory
            case Dimension.ENI:
                return request.eni
            case Dimension.SIZE | Dimension.PORTS | Dimension.GPU:
                # No definition of ours asks for a host port or a GPU: the one size that was refused is all it says.
                return (request.cpu, request.memory) == (self.cpu, self.memory)
            case Dimension.RATE | Dimension.ALL:
                return True

    def __str__(self) -> str:
        match self.dimension:
            case Dimension.CPU:
                return f"{self.provider} for {self.cpu} cpu and more"
            case Dimension.MEMORY:
                return f"{self.provider} for {self.memory} MiB and more"
            case Dimension.SIZE:
                return f"{self.provider} for {self.cpu} cpu with {self.memory} MiB"
            case Dimension.ENI | Dimension.PORTS | Dimension.GPU:
                return f"{self.provider} for tasks with {self.dimension}"
            case Dimension.RATE | Dimension.ALL:
                return f"all of {self.provider}"


_TEXTS: tuple[tuple[str, Dimension], ...] = (
    ("resource:cpu", Dimension.CPU),
    ("resource:memory", Dimension.MEMORY),
    ("resource:eni", Dimension.ENI),
    ("resource:ports", Dimension.PORTS),
    ("resource:gpu", Dimension.GPU),
    ("capacity is unavailable", Dimension.SIZE),
)


def requests_of(spec: ScaleSetSpec) -> tuple[PlacementRequest, ...]:
    """What one start of a scale set may ask for, in the order in which places are tried (behaviour.md row 17)."""
    return tuple(request_of(spec, provider) for provider in spec.placement.capacity_providers or ("",))


def request_of(spec: ScaleSetSpec, provider: str = "") -> PlacementRequest:
    """What one start of a scale set asks for; ``provider`` empty = the launch type."""
    return PlacementRequest(
        provider=provider or spec.placement.launch_type.value,
        cpu=spec.shape.cpu,
        memory=spec.shape.memory,
        eni=spec.placement.network_mode == "awsvpc",
    )


def closed_by(error: TransientCapacityError, request: PlacementRequest) -> PlacementClass:
    """The class of placement that a refusal closes; the request that was refused is always in it."""
    if error.kind is CapacityKind.CAPACITY:
        said = " ".join(error.reasons).lower()
        for text, dimension in _TEXTS:
            place = PlacementClass(request.provider, dimension, request.cpu, request.memory)
            if text in said and place.covers(request):
                return place
    throttled = error.kind is CapacityKind.THROTTLE
    return PlacementClass(request.provider, Dimension.RATE if throttled else Dimension.ALL)
