"""Sizes of tasks: how ECS writes cpu and memory, and which pairs Fargate sells.

Source: ecs-api.md section A6 (AWS: "Task size").
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

_CPU = re.compile(r"^(\d+)$|^(\d+(?:\.\d+)?) ?vcpu$", re.IGNORECASE)
_MEMORY = re.compile(r"^(\d+)$|^(\d+(?:\.\d+)?) ?gb$", re.IGNORECASE)

FARGATE_MEMORY: Mapping[int, Collection[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
    32768: (61440, 122880, 249856),
}
"""The memory sizes in MiB that go with a number of cpu units on Fargate (Linux)."""


@dataclass(frozen=True, slots=True)
class Size:
    """What a task takes: cpu units (1024 to a vCPU) and MiB of memory; never negative."""

    cpu: int
    memory: int

    def __add__(self, other: "Size") -> "Size":
        return Size(self.cpu + other.cpu, self.memory + other.memory)

    def __sub__(self, other: "Size") -> "Size":
        return Size(self.cpu - other.cpu, self.memory - other.memory)


NOTHING = Size(0, 0)
"""What no task takes."""


def cpu_units(text: str) -> int | None:
    """Return the cpu units meant by "1024" or "1 vCPU"; None for anything else."""
    return _units(_CPU, text)


def memory_mib(text: str) -> int | None:
    """Return the MiB meant by "2048" or "2 GB"; None for anything else."""
    return _units(_MEMORY, text)


def is_sold_by_fargate(size: Size) -> bool:
    """Whether Fargate has a configuration of exactly this size."""
    return size.memory in FARGATE_MEMORY.get(size.cpu, ())


def _units(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.match(text.strip())
    if match is None:
        return None
    units, thousands = match.groups()
    return int(units) if units is not None else int(float(thousands) * 1024)
