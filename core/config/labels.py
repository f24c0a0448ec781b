"""The labels by which jobs find a scale set: the keys of its template, its extra labels, and those that follow from it.

Order and spelling are the original's, as workflows name them (behaviour.md 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.domain.scale_set import LaunchType, Shape

_UNIT = 1024
_ARCHITECTURE_LABELS = {"X86_64": "x64", "ARM64": "arm64"}
#: Labels of which a runner can keep the promise of one only.
_OPPOSITES = (("docker", "no-docker"), ("x64", "arm64"))


def labels_of(own: Iterable[str], shape: Shape, launch_type: LaunchType) -> tuple[str, ...]:
    """Own labels (dimension, then extra labels), then derived ones; the first of equal ones stays."""
    return tuple(dict.fromkeys((*own, *derived_labels(shape, launch_type))))


def derived_labels(shape: Shape, launch_type: LaunchType) -> tuple[str, ...]:
    """What follows from architecture, os, docker, launch type, cpu and memory, in this order."""
    architecture = _ARCHITECTURE_LABELS.get(shape.architecture)
    return (
        *((architecture,) if architecture else ()),
        shape.os.lower(),
        "docker" if shape.dind else "no-docker",
        launch_type.lower(),
        *_in_units(shape.cpu, "cpu"),
        *_in_units(shape.memory, "gb"),
    )


def contradictions(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of labels that cannot both be true. GitHub does not tell upper case from lower case in labels."""
    present = {label.lower() for label in labels}
    return [pair for pair in _OPPOSITES if present.issuperset(pair)]


def _in_units(amount: int, unit: str) -> tuple[str, ...]:
    return (f"{amount // _UNIT}{unit}",) if amount % _UNIT == 0 else ()
