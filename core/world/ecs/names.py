"""The names that ECS gives to things: ARNs of one cluster in one account and Region, and the way back from them."""

import functools
import hashlib
from dataclasses import dataclass

from core.world.ecs.errors import cluster_not_found


@dataclass(frozen=True, slots=True)
class Names:
    """The ARNs of the cluster called `cluster`, in `region`, owned by `account` (12 digits)."""

    cluster: str
    region: str
    account: str

    @property
    def cluster_arn(self) -> str:
        """The cluster's own ARN."""
        return self.cluster_named(self.cluster)

    def cluster_named(self, reference: str) -> str:
        """Return the ARN meant by a cluster's name or ARN."""
        return reference if reference.startswith("arn:") else self._arn(f"cluster/{reference}")

    def task(self, reference: str) -> str:
        """Return the ARN meant by a task's id or ARN; an ARN comes back as it is, whatever it names."""
        return reference if reference.startswith("arn:") else self._arn(f"task/{self.cluster}/{reference}")

    def container(self, task_id: str, container_id: str) -> str:
        """Return the ARN of a container of a task."""
        return self._arn(f"container/{self.cluster}/{task_id}/{container_id}")

    def definition(self, family: str, revision: int) -> str:
        """Return the ARN of a revision of a task definition family."""
        return self._arn(f"task-definition/{family}:{revision}")

    def capacity_provider(self, reference: str) -> str:
        """Return the ARN meant by a capacity provider's name or ARN."""
        return reference if reference.startswith("arn:") else self._arn(f"capacity-provider/{reference}")

    def container_instance(self, pool: str) -> str:
        """Return the ARN of the one container instance that stands for a pool of capacity."""
        return self._arn(f"container-instance/{self.cluster}/{_digest(pool)[:32]}")

    def require_cluster(self, reference: str) -> None:
        """Raise `ClusterNotFoundException` unless `reference` is this cluster's name or ARN."""
        if reference not in (self.cluster, self.cluster_arn):
            raise cluster_not_found()

    def _arn(self, resource: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{resource}"


def ec2_instance_id(pool: str) -> str:
    """Return the id of the EC2 instance behind a pool's container instance."""
    return f"i-{_digest(pool)[:17]}"


@functools.cache
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
