"""What may happen to any single call, and how likely it is."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from core.world.faults import Fault, FaultPlan

READS_OF_ECS = ("ListTasks", "DescribeTasks", "DescribeClusters", "DescribeTaskDefinition")
WRITES_TO_ECS = ("RunTask", "StopTask", "RegisterTaskDefinition")
TOKENS = ("installation_token", "registration_token", "admin_connection")
READS_OF_GITHUB = ("get_scale_set", "list_scale_sets", "get_runner_by_name", "list_runners")
SERVICE = (
    *("create_scale_set", "update_scale_set", "generate_jit_config", "remove_runner"),
    *("create_session", "refresh_session", "delete_session", "acquire_jobs"),
)
QUEUE = ("get_message", "delete_message")
EVERYTHING = (*READS_OF_ECS, *WRITES_TO_ECS, *TOKENS, *READS_OF_GITHUB, *SERVICE, *QUEUE, "delete_runner")

UNAUTHORIZED = Fault("status", status=401, body={"typeName": "InvalidTokenException", "message": "not valid"})
EMPTY = Fault("status", status=200)
NOTHING = Fault("status", status=200, body={})


@dataclass(frozen=True, slots=True)
class Ill:
    """A fault that strikes a call of some operations with this probability."""

    fault: Fault
    probability: float
    operations: tuple[str, ...] = EVERYTHING


#: The longest latencies are beyond every time limit of the controller's.
ILLS = (
    Ill(Fault("latency", seconds=0.3), 0.10),
    Ill(Fault("latency", seconds=4.0), 0.02),
    Ill(Fault("latency", seconds=25.0), 0.003),
    Ill(Fault("latency", seconds=100.0), 0.0015),
    Ill(Fault("answer_late", seconds=2.0), 0.02),
    Ill(Fault("answer_late", seconds=100.0), 0.002),
    Ill(Fault("reset"), 0.006),
    Ill(Fault("answer_lost"), 0.008),
    Ill(Fault("status", status=500), 0.005),
    Ill(Fault("status", status=503, headers={"Retry-After": "7"}), 0.004),
    Ill(Fault("throttle", seconds=5.0), 0.005),
    Ill(EMPTY, 0.003),
    Ill(NOTHING, 0.002),
    Ill(UNAUTHORIZED, 0.004, (*READS_OF_GITHUB, *SERVICE, *QUEUE, "delete_runner")),
    Ill(Fault("status", status=404), 0.001, QUEUE),
    Ill(Fault("status", status=500, body={"__type": "ServerException", "message": "Server"}), 0.006, WRITES_TO_ECS),
)


def strike(faults: FaultPlan, rng: random.Random) -> None:
    """Let calls go wrong from now on; how often altogether is drawn, and for each operation anew."""
    roughness = rng.uniform(0.2, 1.5)
    for operation, ill in _pairs():
        faults.chance(operation, ill.fault, min(ill.probability * roughness * rng.uniform(0.0, 2.0), 1.0))


def cease(faults: FaultPlan) -> None:
    """Let every call go well again."""
    for operation in EVERYTHING:
        faults.clear(operation)


def _pairs() -> Iterator[tuple[str, Ill]]:
    return ((operation, ill) for ill in ILLS for operation in ill.operations)
