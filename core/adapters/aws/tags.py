"""The tags that say what a task or a definition is and whose (DESIGN.md, Ownership).

ECS writes tags as a list of lower-case ``key`` and ``value`` (ecs-api.md A1); here they are mappings. What came from
outside is cleaned on the way in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

SCALE_SET = "ecs-arc:scale-set"
RUNNER_NAME = "ecs-arc:runner-name"
MANAGED = "ecs-arc:managed"  #: on task definitions; ``true`` on those of a controller of this kind
CONTROLLER = "arcdeck:controller"
RUNNER_ID = "arcdeck:runner-id"
CONTENT_HASH = "arcdeck:hash"


def to_wire(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Write tags as ECS takes them; those without a value are left out."""
    return [{"key": key, "value": value} for key, value in tags.items() if value]


def from_wire(raw: object) -> dict[str, str]:
    """Read the tags of an answer; what is no tag is passed over."""
    if not isinstance(raw, list):
        return {}
    return {plain(key): plain(value) for key, value in map(_pair, raw) if key}


def _pair(raw: Any) -> tuple[str, str]:
    if not isinstance(raw, dict):
        return "", ""
    key, value = raw.get("key"), raw.get("value")
    return (key, value) if isinstance(key, str) and isinstance(value, str) else ("", "")
