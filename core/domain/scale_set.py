"""What a scale set should be: its bounds, limits, labels, names, placement and shape.

A *scale set* is GitHub's pool of identical ephemeral runners; it is backed by one ECS task definition family. These are
desired values, read from the configuration; what is true now lives in the engine's fleet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

#: Marks every scale set that a controller of this kind made (behaviour.md 1.5).
MANAGED_LABEL = "ecs-arc.managed"
#: GitHub's limit on a scale set's name here: runner names, nine characters longer, end at 64 (behaviour.md row 36).
MAX_NAME = 55
DEFAULT_RUNNER_GROUP = "default"

_RUNNER_NAME = re.compile(r"(?P<scale_set>.+)-[0-9a-f]{8}")


class LaunchType(StrEnum):
    """ECS compatibility of a scale set; also the launch type used where no capacity provider is named."""

    EC2 = "EC2"
    FARGATE = "FARGATE"
    EXTERNAL = "EXTERNAL"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many runners: 0 <= minimum <= maximum."""

    maximum: int = 10
    minimum: int = 0  #: a floor of the total (behaviour.md 1.3)
    min_idle: int = 0  #: warm runners on top of the assigned jobs


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds a runner may spend in each state before something is done about it (behaviour.md 3.1)."""

    provisioning: float = 600.0
    pending: float = 300.0
    activating: float = 300.0
    unready: float = 180.0
    max_runtime: float = 21_600.0  #: 0 = no limit
    idle: float = 21_600.0
    drain_grace: float = 300.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Where its tasks run. Capacity providers, in the order they are tried, exclude the launch type."""

    launch_type: LaunchType = LaunchType.FARGATE
    capacity_providers: tuple[str, ...] = ()
    network_mode: str = "awsvpc"
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """What one runner is: size, platform and images."""

    cpu: int  #: CPU units, 1024 = 1 vCPU
    memory: int  #: MiB
    runner_image: str
    dind_image: str = "docker:dind"
    dind: bool = False
    architecture: str = ""  #: "", ``X86_64`` or ``ARM64``
    os: str = "LINUX"


@dataclass(frozen=True, slots=True)
class ScaleSetSpec:
    """One scale set as the configuration wants it."""

    name: str  #: on GitHub: ``{prefix}-{family}``, or the family without a prefix
    family: str  #: of its task definition
    shape: Shape
    bounds: Bounds = field(default_factory=Bounds)
    limits: Limits = field(default_factory=Limits)
    placement: Placement = field(default_factory=Placement)
    labels: tuple[str, ...] = ()  #: dimension, extra and derived labels, in this order, without repeats
    runner_group: str = DEFAULT_RUNNER_GROUP


def controller_label(controller_id: str) -> str:
    """The label that says whose a scale set is, where labels are kept (DESIGN.md, Ownership)."""
    return f"arcdeck.controller.{controller_id}"


def labels_on_github(spec: ScaleSetSpec, controller_id: str) -> tuple[str, ...]:
    """All labels the scale set carries on GitHub: name, its own, the system label and the controller's."""
    wanted = (spec.name, *spec.labels, MANAGED_LABEL, controller_label(controller_id))
    return tuple(dict.fromkeys(wanted))


def runner_name(scale_set: str, suffix: str) -> str:
    """A runner's name, ``{scale set}-{8 lower-case hex}``; the suffix comes from an id factory."""
    return f"{scale_set}-{suffix}"


def scale_set_of(name: str) -> str | None:
    """The scale set a runner's name points to; None when the name is not of our form. A hint, never ownership."""
    match = _RUNNER_NAME.fullmatch(name)
    return match["scale_set"] if match else None
