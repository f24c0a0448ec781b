"""What a scale set must satisfy as a whole before anything is made of it (behaviour.md row 36).

Each rule looks at a finished specification and gives keys and sentences; where they are told is the caller's business.
A rule is here because ECS or GitHub would refuse the scale set, or because it could never do what it promises; what is
only unusual passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.config.labels import contradictions
from core.config.problems import shown
from core.domain.scale_set import MAX_NAME, LaunchType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from core.domain.scale_set import ScaleSetSpec

    #: Key and the rest of the sentence.
    Broken = tuple[str, str]

_SMALLEST_CPU, _LARGEST_CPU = 128, 196_608  # outside Fargate (ecs-api.md A6)
_FEW = 4  # sizes that are told one by one
_MOST_SUBNETS, _MOST_SECURITY_GROUPS = 16, 5  # ecs-api.md A1


def _steps(first: int, last: int, step: int = 1024) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


#: Memory in MiB for each number of cpu units (ecs-api.md A6).
FARGATE_SIZES: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: _steps(1024, 4096),
    1024: _steps(2048, 8192),
    2048: _steps(4096, 16_384),
    4096: _steps(8192, 30_720),
    8192: _steps(16_384, 61_440, 4096),
    16_384: _steps(32_768, 122_880, 8192),
    32_768: (61_440, 122_880, 249_856),
}
_LINUX_ONLY = frozenset({256, 512, 8192, 16_384, 32_768})


def broken_rules(spec: ScaleSetSpec) -> Iterator[Broken]:
    """Every rule that the scale set breaks, as key and sentence; nothing when it can work."""
    for rule in _RULES:
        yield from rule(spec)


def _name(spec: ScaleSetSpec) -> Iterator[Broken]:
    if (length := len(spec.name)) > MAX_NAME:
        told = (
            f"gives the scale set {shown(spec.name)} of {length} characters; GitHub takes {MAX_NAME}, as runner names"
        )
        yield "family", f"{told} are 9 longer and end at 64. Shorten the family or SCALESET_NAME_PREFIX"


def _bounds(spec: ScaleSetSpec) -> Iterator[Broken]:
    bounds = spec.bounds
    if bounds.minimum > bounds.maximum:
        yield "min_runners", f"{bounds.minimum} is more than max_runners, {bounds.maximum}"
    if bounds.min_idle > bounds.maximum:
        yield "min_idle", f"{bounds.min_idle} is more than max_runners, {bounds.maximum}"


def _size(spec: ScaleSetSpec) -> Iterator[Broken]:
    cpu, memory = spec.shape.cpu, spec.shape.memory
    if spec.placement.launch_type is not LaunchType.FARGATE:
        if not _SMALLEST_CPU <= cpu <= _LARGEST_CPU:
            yield "cpu", f"must be {_SMALLEST_CPU} to {_LARGEST_CPU} cpu units (1024 = 1 vCPU), but is {cpu}"
    elif cpu not in FARGATE_SIZES:
        yield "cpu", f"FARGATE has no {cpu} cpu units, only {', '.join(map(str, FARGATE_SIZES))}"
    elif memory not in FARGATE_SIZES[cpu]:
        yield "memory", f"FARGATE has no {memory} MiB with {cpu} cpu units, only {_told(FARGATE_SIZES[cpu])}"


def _operating_system(spec: ScaleSetSpec) -> Iterator[Broken]:
    fargate, windows = spec.placement.launch_type is LaunchType.FARGATE, spec.shape.os != "LINUX"
    if fargate and windows and spec.shape.cpu in _LINUX_ONLY:
        yield "os", f"FARGATE has {spec.shape.cpu} cpu units for LINUX only, but it is {shown(spec.shape.os)}"


def _network(spec: ScaleSetSpec) -> Iterator[Broken]:
    placement = spec.placement
    if placement.launch_type is LaunchType.FARGATE and placement.network_mode != "awsvpc":
        yield "network_mode", f'FARGATE needs "awsvpc", but it is {shown(placement.network_mode)}'
    elif placement.network_mode == "awsvpc" and not placement.subnets:
        yield "subnets", "are required with the network mode awsvpc; name them here or in [defaults]"
    if len(placement.subnets) > _MOST_SUBNETS:
        yield "subnets", f"are {len(placement.subnets)}; ECS takes {_MOST_SUBNETS}"
    if len(placement.security_groups) > _MOST_SECURITY_GROUPS:
        yield "security_groups", f"are {len(placement.security_groups)}; ECS takes {_MOST_SECURITY_GROUPS}"


def _capacity_providers(spec: ScaleSetSpec) -> Iterator[Broken]:
    """External instances have none (Amazon ECS Developer Guide, "Amazon ECS capacity providers")."""
    if spec.placement.launch_type is LaunchType.EXTERNAL and spec.placement.capacity_providers:
        named = ", ".join(map(shown, spec.placement.capacity_providers))
        yield (
            "capacity_provider",
            f'EXTERNAL has no capacity providers, but it is {named}; write capacity_provider = ""',
        )


def _labels(spec: ScaleSetSpec) -> Iterator[Broken]:
    for one, other in contradictions(spec.labels):
        told = f"{shown(one)} and {shown(other)} cannot both be true of a runner"
        if one == "docker" and not spec.shape.dind:
            forced = spec.placement.launch_type is LaunchType.FARGATE
            told += f": docker in docker is off{', as FARGATE cannot run it' if forced else ''}"
        yield "labels", f"{told}. Rename the template's key or the extra label, or exclude the combination"


_RULES: tuple[Callable[[ScaleSetSpec], Iterator[Broken]], ...] = (
    _name,
    _bounds,
    _size,
    _operating_system,
    _network,
    _capacity_providers,
    _labels,
)


def _told(amounts: tuple[int, ...]) -> str:
    if len(amounts) <= _FEW:
        return ", ".join(map(str, amounts))
    return f"{amounts[0]} to {amounts[-1]} in steps of {amounts[1] - amounts[0]}"
