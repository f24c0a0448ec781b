"""How long ECS takes for each part of a task's life."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Mean durations in seconds; each one is drawn uniformly within `jitter` (0 to 1, a fraction) of its mean.

    The way up follows AWS's sample of a small Fargate task (ecs-api.md section A5: connected at 4 s, pull from 17.7 s
    on, running 3 s after the pull), with the pull of a runner image of about a gigabyte instead of a small one.
    """

    provisioning: float = 3.0
    """PROVISIONING: the network interface is made. Only for tasks that have one or wait for a capacity provider."""
    connecting: float = 1.0
    """PENDING, until the agent is connected."""
    preparing: float = 13.5
    """PENDING, until the pull begins."""
    pulling: float = 20.0
    """PENDING, the pull itself."""
    creating: float = 2.5
    """PENDING, until the containers are made and those that others wait for have ended."""
    activating: float = 0.5
    """ACTIVATING: brief for a task without a service."""
    noticing: float = 1.0
    """From a change of the desired status, or the end of an essential container, until the last status moves."""
    deactivating: float = 0.5
    """DEACTIVATING: as brief."""
    stopping: float = 2.0
    """From the stop signal until the containers have ended; cut short by the kill at their stop timeout."""
    reporting: float = 0.5
    """STOPPING, until the agent has reported that nothing runs any more."""
    deprovisioning: float = 8.0
    """DEPROVISIONING: the network interface is detached. Only after PROVISIONING."""
    jitter: float = 0.25

    def faster(self, times: float) -> "Pace":
        """Return the same pace, `times` as fast; above 0."""
        return Pace(**{name: value if name == "jitter" else value / times for name, value in asdict(self).items()})
