"""Tags: an ordered mapping inside the world, a list of key and value on the wire."""

from collections.abc import Mapping

from core.world.ecs.errors import invalid_parameter
from core.world.ecs.requests import Tag

MOST_TAGS = 50
"""How many tags a resource carries at most."""


def from_wire(tags: tuple[Tag, ...]) -> dict[str, str]:
    """Return the tags of a request by key.

    Raises EcsError for a key that is given twice or begins with the reserved `aws:` (in any case).
    """
    by_key = {tag.key: tag.value for tag in tags}
    if len(by_key) < len(tags):
        raise invalid_parameter("Duplicate tag keys are not allowed.")
    if any(key.lower().startswith("aws:") for key in by_key):
        raise invalid_parameter("Tag keys that begin with aws: are reserved.")
    return by_key


def to_wire(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the tags as ECS lists them."""
    return [{"key": key, "value": value} for key, value in tags.items()]
