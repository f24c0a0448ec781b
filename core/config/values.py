"""From the text of one setting to its value.

Each parser takes the text as an operator wrote it, already stripped, and gives a value or raises ``ValueError`` with
the rest of a sentence that begins with the setting's name. The empty text means *not set*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.config.problems import shown
from core.domain.durations import parse_duration
from core.domain.scale_set import MAX_NAME

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: The longest duration Go can hold, 2**63 - 1 ns or about 292 years: the original refuses anything longer.
LONGEST = (2**63 - 1) / 1e9

_LONGEST_TEXT = 64  # no duration that means anything needs more
_CLUSTER_NAME = r"[A-Za-z0-9_-]{1,255}"
_CLUSTER = re.compile(rf"(?:arn:[a-z0-9-]+:ecs:[a-z0-9-]+:\d{{12}}:cluster/)?({_CLUSTER_NAME})")
_CONTROLLER_ID = re.compile(r"[A-Za-z0-9-]{1,32}")
_NAME_PREFIX = re.compile(r"[A-Za-z0-9._-]+")
_SECRET_ARN = re.compile(r"arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+")
_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]*):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65_535
_SIZE = re.compile(r"(?P<number>[0-9]{1,9})\s?(?P<unit>KiB|MiB|GiB|TiB)")
_UNITS = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "TiB": 1024**4}
_SMALLEST = 1024**2


class LogLevel(StrEnum):
    """How much the daemon tells on stderr."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Listen:
    """Where health and metrics are served on TCP."""

    host: str  #: empty: every address of the machine
    port: int  #: 0: the system chooses


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """The same parser, with None for what is not set."""
    return lambda text: parse(text) if text else None


def text(value: str) -> str:
    """Any text."""
    return value


def token(value: str) -> str:
    """One word, such as a credential; the message never repeats it."""
    if not value.isprintable() or " " in value:
        raise ValueError("must be a single word, without spaces or line breaks")
    return value


def path(value: str) -> Path:
    """A path of the file system, as given."""
    if "\0" in value:
        raise ValueError("is not a path")
    return Path(value)


def identifier(value: str) -> int:
    """An id that GitHub gave: a whole number of 1 or more. The message never repeats what was given instead."""
    if not re.fullmatch(r"[0-9]{1,18}", value) or int(value) == 0:
        raise ValueError("must be the number that GitHub shows, such as 12345")
    return int(value)


def count(value: str) -> int:
    """A whole number of 1 or more."""
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) == 0:
        raise ValueError(f"must be a whole number of 1 or more, but is {shown(value)}")
    return int(value)


def size(value: str) -> int:
    """Bytes, written as a whole number of KiB, MiB, GiB or TiB; 1 MiB at least."""
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError(f"must be a size such as 512MiB or 1GiB, but is {shown(value)}")
    if (number := int(match["number"]) * _UNITS[match["unit"]]) < _SMALLEST:
        raise ValueError(f"must be 1MiB or more, but is {shown(value)}")
    return number


def words(value: str) -> tuple[str, ...]:
    """A list separated by commas; blanks around its items and empty items are dropped."""
    return tuple(item for part in value.split(",") if (item := part.strip()))


def period(value: str) -> float:
    """Seconds of a Go duration longer than 0."""
    seconds = duration(value)
    if seconds == 0:
        raise ValueError("must be longer than 0")
    return seconds


def duration(value: str) -> float:
    """Seconds of a Go duration of 0 or more."""
    if len(value) > _LONGEST_TEXT:
        raise ValueError("is too long to be a duration; write it like 1h30m, 90s or 1.5h")
    seconds = parse_duration(value)
    if seconds < 0:
        raise ValueError(f"must not be negative, but is {shown(value)}")
    if seconds > LONGEST:
        raise ValueError(f"must be shorter than 292 years, but is {shown(value)}")
    return seconds


def periods(value: str) -> tuple[float, ...]:
    """A list of Go durations, at least one, each longer than 0."""
    if not (items := words(value)):
        raise ValueError("must name at least one duration, such as 15s,30s,60s")
    return tuple(period(item) for item in items)


def log_level(value: str) -> LogLevel:
    """A log level, in any case."""
    try:
        return LogLevel(value.lower())
    except ValueError:
        raise ValueError(f"must be one of {', '.join(LogLevel)}, but is {shown(value)}") from None


def listen(value: str) -> Listen:
    """``host:port``, ``[ipv6]:port`` or ``:port``."""
    match = _LISTEN.fullmatch(value)
    if match is None or int(match["port"]) > _LAST_PORT:
        raise ValueError(f"must be host:port or :port, such as 127.0.0.1:9090, but is {shown(value)}")
    return Listen(match["host"].strip("[]"), int(match["port"]))


def cluster(value: str) -> str:
    """Name or ARN of an ECS cluster, as given."""
    if value and _CLUSTER.fullmatch(value) is None:
        raise ValueError(f"must be the name or the ARN of an ECS cluster, but is {shown(value)}")
    return value


def cluster_name(given: str) -> str:
    """The name of a cluster given by name or ARN."""
    return given.rpartition("/")[2]


def controller_id(value: str) -> str:
    """The mark of one controller (DESIGN.md, Ownership): at most 32 letters, digits and hyphens."""
    if _CONTROLLER_ID.fullmatch(value) is None:
        raise ValueError(f"must be 1 to 32 letters, digits or hyphens, but is {shown(value)}")
    return value


def name_prefix(value: str) -> str:
    """What goes before every scale set's name; leaves room for a hyphen and a family of one character."""
    if value and _NAME_PREFIX.fullmatch(value) is None:
        raise ValueError(f"may hold letters, digits, '.', '_' and '-' only, but is {shown(value)}")
    if len(value) > MAX_NAME - 2:
        raise ValueError(
            f"has {len(value)} characters, and a scale set's name ends at {MAX_NAME}; choose a shorter one"
        )
    return value


def parameter_name(value: str) -> str:
    """Name of an SSM parameter, with its path."""
    if value and not value.startswith("/"):
        raise ValueError(f"must start with /, but is {shown(value)}")
    return value


def secret_arn(value: str) -> str:
    """ARN of a secret in AWS Secrets Manager; the message never repeats what was given instead."""
    if value and _SECRET_ARN.fullmatch(value) is None:
        raise ValueError(
            "must be the ARN of a Secrets Manager secret (arn:aws:secretsmanager:region:account:secret:name)"
        )
    return value
