"""The tables of the runner TOML as they are written: their keys, the type of each, and what a key alone must satisfy.

``None`` means *not written*, so that a layer below decides; nothing here knows defaults or other tables (resolve.py,
rules.py do). Types are strict, as the original's are: ``"1024"`` is no number and ``true`` is no 1. Texts of errors are
the rest of a sentence that begins with table and key.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
    field_validator,
    model_validator,
)

from core.config import values
from core.config.problems import shown
from core.domain.scale_set import LaunchType

_LARGEST = 2**31 - 1  # GitHub and ECS count in 32 bits
_NETWORK_MODES = ("awsvpc", "bridge", "host", "none")
_ARCHITECTURES = ("X86_64", "ARM64")
_OPERATING_SYSTEM = re.compile(r"LINUX|WINDOWS_SERVER_[0-9A-Z_]+")
_WINDOWS = '"WINDOWS_SERVER_2022_CORE"'
_FAMILY_PART = re.compile(r"[A-Za-z0-9_-]+")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def family_part(text: str) -> str:
    """What a family name, or a part of one, may hold. ECS's rule is the strictest (ecs-api.md A4)."""
    if _FAMILY_PART.fullmatch(text) is None:
        raise ValueError(f"may hold letters, digits, hyphens and underscores only, but is {shown(text)}")
    return text


def _duration(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError(f'must be a duration in quotes, such as "6h" or "90s", but is {shown(value)}')  # noqa: TRY004 -- pydantic gathers ValueError only
    return values.duration(value)


def _period(value: object) -> float:
    seconds = _duration(value)
    if seconds == 0:
        raise ValueError("must be longer than 0")
    return seconds


def _launch_type(value: object) -> LaunchType:
    return LaunchType(_one_of(value, tuple(LaunchType)))


def _network_mode(value: object) -> str:
    return _one_of(value, _NETWORK_MODES)


def _architecture(value: object) -> str | None:
    return None if value == "" else _one_of(value, _ARCHITECTURES)


def _one_of(value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"must be one of {', '.join(map(shown, choices))}, but is {shown(value)}")
    return value


def _operating_system(value: object) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or _OPERATING_SYSTEM.fullmatch(value) is None:
        raise ValueError(f'must be "LINUX" or a Windows of ECS such as {_WINDOWS}, but is {shown(value)}')
    return value


def _unless_zero(value: object) -> object:
    """0 is *not written* for cpu and memory, as in the original."""
    return None if value == 0 and not isinstance(value, bool) else value


def _unless_empty(value: object) -> object:
    return None if value == "" else value


Count = Annotated[int, Field(ge=0, le=_LARGEST)]
Positive = Annotated[int, Field(ge=1, le=_LARGEST)]
Size = Annotated[Positive | None, BeforeValidator(_unless_zero)]
Text = Annotated[str, AfterValidator(_not_blank)]
FamilyPart = Annotated[str, AfterValidator(family_part)]
Names = Annotated[tuple[Text, ...], Strict(strict=False)]  # a TOML list is a Python list
Period = Annotated[float, BeforeValidator(_period)]
OptionalText = Annotated[str | None, BeforeValidator(_unless_empty)]


class Table(BaseModel):
    """A table of the file. Unknown keys are the reader's business (tables.py), not an error."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class Overrides(Table):
    """What ``[defaults]``, ``[[runner]]`` and each value of a template's dimension may say."""

    runner_image: Text | None = None
    dind_image: Text | None = None
    compatibility: Annotated[LaunchType | None, BeforeValidator(_launch_type)] = None
    network_mode: Annotated[str | None, BeforeValidator(_network_mode)] = None
    enable_dind: bool | None = None
    max_runners: Count | None = None
    min_runners: Count | None = None
    min_idle: Count | None = None
    max_runtime: Annotated[float | None, BeforeValidator(_duration)] = None  #: seconds; 0 = no limit
    capacity_provider: str | None = None  #: empty: none, whatever the defaults say
    capacity_providers: Names = ()
    extra_labels: Names = ()
    runner_group: Text | None = None
    provisioning_timeout: Period | None = None
    pending_timeout: Period | None = None
    activating_timeout: Period | None = None
    unready_timeout: Period | None = None
    idle_timeout: Period | None = None
    drain_grace: Period | None = None

    @field_validator("capacity_providers", mode="after")
    @classmethod
    def _one_way_to_name_them(cls, providers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if providers and info.data.get("capacity_provider"):
            raise ValueError("is set beside capacity_provider; keep one of them")
        return providers

    @property
    def providers(self) -> tuple[str, ...] | None:
        """Capacity providers in the order they are tried; None when neither key says anything."""
        if self.capacity_providers or self.capacity_provider is None:
            return self.capacity_providers or None
        return (self.capacity_provider,) if self.capacity_provider else ()


class _Network(Table):
    subnets: Names = ()
    security_groups: Names = ()


class _Shape(Table):
    cpu: Size = None
    memory: Size = None
    architecture: Annotated[str | None, BeforeValidator(_architecture)] = None
    os: Annotated[str | None, BeforeValidator(_operating_system)] = None


class Defaults(Overrides, _Network):
    """``[defaults]``. An empty text means *not written*, as in the original."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty_texts(cls, table: dict[str, object]) -> dict[str, object]:
        return {key: value for key, value in table.items() if value != ""}


class DimensionValue(Overrides, _Shape):
    """One key of ``[template.sizes]``, ``[template.architectures]`` or ``[template.features]``."""


class Runner(Overrides, _Network, _Shape):
    """``[[runner]]``, or one combination of a template."""

    family: FamilyPart


class Template(Table):
    """``[[template]]``; what is inside its tables is read one by one."""

    family_prefix: FamilyPart
    sizes: dict[str, Any] = {}
    architectures: dict[str, Any] = {}
    features: dict[str, Any] = {}
    exclude: dict[str, Any] = {}


class Exclude(Table):
    """``[template.exclude]``."""

    combinations: Annotated[tuple[dict[str, Any], ...], Strict(strict=False)] = ()


class Combination(Table):
    """One combination to leave out. None matches every key of its dimension; an empty text means the same."""

    size: OptionalText = None
    architecture: OptionalText = None
    feature: OptionalText = None


class BudgetTable(Table):
    """``[[budget]]``: limits that named scale sets share."""

    name: Text
    scale_sets: Names = Field(min_length=1)
    max_runners: Positive | None = None
    max_cpu: Positive | None = None
    max_memory: Positive | None = None
