"""The query of ``GET /v1/events``: text in, a validated question to the engine out (DESIGN.md, Control socket).

What cannot be understood is told with the parameter's name, never guessed at: a filter that is silently ignored would
show the wrong events. A parameter without a value counts as not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from core.adapters.control.problems import NotUnderstood
from core.api.events import MOST_EVENTS, USUAL_EVENTS, EventQuery
from core.domain.durations import parse_duration
from core.domain.text import plain

if TYPE_CHECKING:
    from multidict import MultiMapping

_NAMES: Final = ("scale_set", "runner", "job", "operator")
_KNOWN: Final = ("since", "until", "kind", *_NAMES, "limit", "follow")
_TRUTHS: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
_LONGEST: Final = 200  # characters of a value; no name of GitHub's or AWS's is longer
_MOST_KINDS: Final = 20
_SHOWN: Final = 40  # characters of a wrong value that are repeated in the answer
_LATEST: Final = datetime.max.replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    query: EventQuery
    follow: bool


def parse_query(parameters: MultiMapping[str], now: float) -> Asked:
    """The question in a request's parameters; ``now`` is the daemon's, in epoch seconds. Raises NotUnderstood.

    ``since`` and ``until`` are ages (``2h``) or times (``2031-05-06T07:08:09Z``). ``kind`` may be given several times.
    Following without ``since`` begins now.
    """
    _require_known(parameters)
    follow = _truth(_single(parameters, "follow"))
    since, until = (_moment(parameters, name, now) for name in ("since", "until"))
    if follow and until is not None:
        raise NotUnderstood("until: what has an end cannot be followed; leave out until or follow.")
    if since is not None and until is not None and since > until:
        raise NotUnderstood("since: it is later than until, so nothing can lie between them.")
    query = EventQuery(
        since=now if follow and since is None else since,
        until=until,
        kinds=_kinds(parameters),
        limit=_limit(_single(parameters, "limit")),
        **{name: _single(parameters, name) for name in _NAMES},
    )
    return Asked(query, follow)


def _require_known(parameters: MultiMapping[str]) -> None:
    for name in parameters:
        if name not in _KNOWN:
            raise NotUnderstood(f"There is no parameter {plain(name, _SHOWN)!r}; known are {', '.join(_KNOWN)}.")


def _single(parameters: MultiMapping[str], name: str) -> str:
    """The one value of a parameter, made safe; empty when it was not given."""
    values = [value for value in parameters.getall(name, []) if value]
    if len(values) > 1:
        raise NotUnderstood(f"{name}: it is given {len(values)} times; give it once.")
    return _short(name, values[0]) if values else ""


def _short(name: str, value: str) -> str:
    if len(value) > _LONGEST:
        raise NotUnderstood(f"{name}: the value has {len(value)} characters; {_LONGEST} are the most.")
    return plain(value)  # names in the journal have passed the same door


def _kinds(parameters: MultiMapping[str]) -> tuple[str, ...]:
    kinds = [_short("kind", value) for value in parameters.getall("kind", []) if value]
    if len(kinds) > _MOST_KINDS:
        raise NotUnderstood(f"kind: {len(kinds)} kinds are asked for; {_MOST_KINDS} are the most.")
    return tuple(kinds)


def _truth(value: str) -> bool:
    if (truth := _TRUTHS.get(value.lower())) is None:
        raise NotUnderstood(f"follow: {value[:_SHOWN]!r} is neither 1 nor 0.")
    return truth


def _limit(value: str) -> int:
    if not value:
        return USUAL_EVENTS
    if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= MOST_EVENTS):
        raise NotUnderstood(f"limit: {value[:_SHOWN]!r} is no number from 1 to {MOST_EVENTS}.")
    return int(value)


def _moment(parameters: MultiMapping[str], name: str, now: float) -> float | None:
    """An age or a time as seconds since the epoch; None when it was not given."""
    value = _single(parameters, name)
    if not value:
        return None
    try:
        age = parse_duration(value)
    except ValueError:
        return _time(name, value)
    if age < 0:
        raise NotUnderstood(f"{name}: {value[:_SHOWN]!r} lies in the future; write how long ago, like 2h.")
    return max(0.0, now - age)


def _time(name: str, value: str) -> float:
    try:
        time = datetime.fromisoformat(value)
        moment = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        example = "write how long ago, like 2h, or when, like 2031-05-06T07:08:09Z"
        raise NotUnderstood(f"{name}: {value[:_SHOWN]!r} is neither an age nor a time; {example}.") from error
    return min(max(0.0, moment), _LATEST)
