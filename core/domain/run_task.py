"""The parameters of one start, as the seed's ``RunTaskInput`` has them, and what they imply."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.domain.scale_set import LaunchType
    from core.domain.secret import Secret


#: ``startedBy`` of our tasks begins with it; the controller's id follows a slash.
STARTER = "arcdeck"


@dataclass(frozen=True, slots=True)
class RunTaskInput:
    """One runner task to start. The first eight fields are the seed's; one name is one RunTask intent."""

    task_definition: str  #: ``family:revision`` or an ARN: pinned, so that a repeat is the identical request
    jit_config_encoded: Secret
    runner_name: str
    scale_set_name: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    capacity_provider: str  #: empty = use the launch type
    launch_type: LaunchType
    runner_id: int = 0
    controller: str = ""

    @property
    def client_token(self) -> str:
        """ECS's idempotency token, SHA-256 of the name in hex: a repeated call starts nothing twice (ecs-api.md A1)."""
        return hashlib.sha256(self.runner_name.encode()).hexdigest()

    @property
    def started_by(self) -> str:
        """What ListTasks can filter on; at most 128 letters, digits, ``-``, ``/``, ``_``."""
        return f"{STARTER}/{self.controller}"
