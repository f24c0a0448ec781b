"""What can go wrong with the start, or the end, of a task that RunTask accepted.

A mishap is drawn once, when the task is accepted: first what was asked for, then the odds. The stop reasons are those
of ecs-api.md section A5; the state in which each one strikes is the one in which ECS does that work.
"""

import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.world.ecs.states import TaskState


@dataclass(frozen=True, slots=True)
class FailedStart:
    """The start ends with stop code TaskFailedToStart and this reason, at the end of the work of `state`."""

    reason: str
    state: Literal[TaskState.PROVISIONING, TaskState.PENDING] = TaskState.PENDING


@dataclass(frozen=True, slots=True)
class Stuck:
    """The task stays in `state` until it is released, or stopped on its way up."""

    state: TaskState


Mishap = FailedStart | Stuck

IMAGE_NOT_FOUND = FailedStart(
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref: not found"
)
PULL_TIMED_OUT = FailedStart(
    "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: i/o timeout"
)
SECRETS_UNREACHABLE = FailedStart(
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
)
NETWORK_INTERFACE_TIMED_OUT = FailedStart(
    "Timeout waiting for network interface provisioning to complete.", TaskState.PROVISIONING
)
SUBNET_EXHAUSTED = FailedStart(
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment disabled "
    "in the given subnet: InsufficientFreeAddressesInSubnet",
    TaskState.PROVISIONING,
)
EMPTY_CAPACITY_PROVIDER = FailedStart("EMPTY CAPACITY PROVIDER", TaskState.PROVISIONING)
NO_ACTIVE_INSTANCES = FailedStart("NO ACTIVE INSTANCES", TaskState.PROVISIONING)

KNOWN_FAILURES = (
    IMAGE_NOT_FOUND,
    PULL_TIMED_OUT,
    SECRETS_UNREACHABLE,
    NETWORK_INTERFACE_TIMED_OUT,
    SUBNET_EXHAUSTED,
    EMPTY_CAPACITY_PROVIDER,
    NO_ACTIVE_INSTANCES,
)
"""The failed starts above, to choose from."""


@dataclass(frozen=True, slots=True)
class Odds:
    """How likely a mishap is for each task; `probability` from 0 to 1, `family` None for tasks of every family."""

    mishap: Mishap
    probability: float
    family: str | None = None


@dataclass(slots=True)
class _Asked:
    mishap: Mishap
    family: str | None
    left: int


class MishapPlan:
    """The mishaps to come: those asked for, in order, then those of chance, in the order of `odds`."""

    def __init__(self, rng: random.Random, odds: Sequence[Odds] = ()) -> None:
        self.odds = tuple(odds)
        self._rng = rng
        self._asked: deque[_Asked] = deque()

    def ask(self, mishap: Mishap, *, times: int = 1, family: str | None = None) -> None:
        """Let the next `times` accepted tasks (of `family`; None is any) suffer `mishap`; ValueError below 1."""
        if times < 1:
            raise ValueError(f"a mishap cannot strike {times} times")
        self._asked.append(_Asked(mishap, family, times))

    def draw(self, family: str) -> Mishap | None:
        """Return what befalls the task of `family` that has just been accepted; None is nothing."""
        for asked in self._asked:
            if asked.family in (None, family):
                asked.left -= 1
                if asked.left == 0:
                    self._asked.remove(asked)
                return asked.mishap
        for odds in self.odds:
            if odds.family in (None, family) and self._rng.random() < odds.probability:
                return odds.mishap
        return None
