"""Where a task runs: a launch type, or a capacity provider out of a strategy.

Source: ecs-api.md section A1, rows launchType and capacityProviderStrategy.
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from core.world.ecs.errors import invalid_parameter
from core.world.ecs.requests import LaunchType, RunTaskRequest, StrategyItem

FARGATE_SPOT = "FARGATE_SPOT"
FARGATE_PROVIDERS = frozenset({"FARGATE", FARGATE_SPOT})
"""The capacity providers that every account has; a cluster still has to be associated with them."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The launch type of a task and, when a strategy chose it, the capacity provider."""

    launch_type: LaunchType
    capacity_provider: str | None = None

    @property
    def pool(self) -> str:
        """The name of the capacity it draws on; a launch type and the provider of that name share it."""
        return self.capacity_provider or self.launch_type

    @property
    def is_fargate(self) -> bool:
        """Whether AWS owns the hosts."""
        return self.launch_type == "FARGATE"


def provided_by(name: str) -> Placement:
    """Return the placement on a capacity provider; all but Fargate's are groups of EC2 instances."""
    return Placement("FARGATE" if name in FARGATE_PROVIDERS else "EC2", name)


class Placer:
    """Chooses a placement for each task of a run.

    `providers` are associated with the cluster; `default_provider` is the cluster's default strategy, None for none,
    which leaves EC2. Weights are drawn with `rng`.
    """

    def __init__(self, rng: random.Random, providers: Collection[str], default_provider: str | None) -> None:
        self._rng = rng
        self._providers = providers
        self._default = Placement("EC2") if default_provider is None else provided_by(default_provider)

    def place(self, request: RunTaskRequest) -> list[Placement]:
        """Return one placement a task; raises EcsError for a strategy that ECS would refuse."""
        strategy = request.capacity_provider_strategy
        if strategy and request.launch_type is not None:
            raise invalid_parameter(
                "Specifying both a launch type and capacity provider strategy is not supported. "
                "Remove one and try again."
            )
        if strategy:
            self._check(strategy)
            return [provided_by(name) for name in self._spread(strategy, request.count)]
        chosen = self._default if request.launch_type is None else Placement(request.launch_type)
        return [chosen] * request.count

    def _check(self, strategy: tuple[StrategyItem, ...]) -> None:
        names = {item.capacity_provider for item in strategy}
        if not names.issubset(self._providers):
            raise invalid_parameter(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
                "with the cluster. Associate the capacity provider with the cluster and try again."
            )
        if names & FARGATE_PROVIDERS and names - FARGATE_PROVIDERS:
            raise invalid_parameter(
                "A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups "
                "and Fargate providers."
            )
        if not any(item.weight for item in strategy):
            raise invalid_parameter("At least one capacity provider of a strategy needs a weight greater than zero.")
        if sum(item.base > 0 for item in strategy) > 1:
            raise invalid_parameter("Only one capacity provider in a strategy can have a base defined.")

    def _spread(self, strategy: tuple[StrategyItem, ...], count: int) -> Iterator[str]:
        """Yield a provider for each task: the base first, then by weight."""
        by_base = [item.capacity_provider for item in strategy for _ in range(min(item.base, count))]
        yield from by_base[:count]
        rest = count - len(by_base)
        if rest > 0:
            names = [item.capacity_provider for item in strategy]
            yield from self._rng.choices(names, weights=[item.weight for item in strategy], k=rest)
