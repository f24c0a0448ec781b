"""How long something has lasted, in as few characters and as few changes as the eye needs.

A text that changes costs bytes on a slow link, so ages are coarse where nothing happens: seconds while something is
about to happen, minutes otherwise (tui-patterns.md section 6.3). All arguments are seconds; negative ones, which a
clock set back can cause, count as none.
"""

from __future__ import annotations

from datetime import UTC, datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
#: Below this an age shows its seconds.
_EXACT_BELOW = 10 * _MINUTE


def exact(seconds: float) -> str:
    """Minutes and seconds, ``4:12`` or ``0:07``, for what runs against a limit; hours and more as ``5h40m``."""
    whole = _whole(seconds)
    return f"{whole // _MINUTE}:{whole % _MINUTE:02}" if whole < _HOUR else coarse(whole)


def coarse(seconds: float) -> str:
    """Minutes, hours or days: ``42m``, ``5h40m``, ``6h``, ``3d4h``; seconds only in the first minute."""
    whole = _whole(seconds)
    if whole < _MINUTE:
        return f"0:{whole:02}"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    large, unit, small, rest = (
        (whole // _HOUR, "h", whole % _HOUR // _MINUTE, "m")
        if whole < _DAY
        else (whole // _DAY, "d", whole % _DAY // _HOUR, "h")
    )
    return f"{large}{unit}{small}{rest}" if small else f"{large}{unit}"


def running(seconds: float) -> str:
    """An age that matters by the second at first and by the minute later, or a limit: ``4:12``, ``12m``, ``6h``."""
    return exact(seconds) if seconds < _EXACT_BELOW else coarse(seconds)


def ago(seconds: float) -> str:
    """How long ago something was heard of, by tens of seconds in the first minute: ``now``, ``20 s``, then ``1:12``."""
    whole = _whole(seconds)
    if whole < 10:  # noqa: PLR2004  # the step of the scale below
        return "now"
    return f"{whole // 10 * 10} s" if whole < _MINUTE else running(whole)


def time_of_day(epoch: float) -> str:
    """The UTC time of an epoch second, as in the log: ``14:02:31Z``."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%H:%M:%SZ")


def day(epoch: float) -> str:
    """The UTC day of an epoch second: ``2031-05-06``."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d")


def _whole(seconds: float) -> int:
    return max(0, int(seconds))
