"""The ``User-Agent`` of every request: a JSON object in which GitHub finds who runs which scale set.

The Actions service expects exactly these eight keys in exactly this order (github-scale-set-api.md section 2.8).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

CONTROLLER = "controller"
LISTENER = "listener"


@dataclass(frozen=True, slots=True)
class Agent:
    """Who asks. ``version`` and ``commit`` are this program's; empty where unknown."""

    version: str
    commit: str = ""
    subsystem: str = CONTROLLER
    scale_set_id: int = 0  #: 0 while no scale set is concerned

    def header(self) -> str:
        """The value of the header, compact and in ASCII."""
        fields = {
            "system": "arcdeck",
            "version": self.version,
            "commit_sha": self.commit,
            "scale_set_id": self.scale_set_id,
            "subsystem": self.subsystem,
            "build_version": self.version,
            "build_commit_sha": self.commit,
            "kind": "scaleset",
        }
        return json.dumps(fields, separators=(",", ":"))
