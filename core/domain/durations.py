"""Durations as the original writes them: Go's notation, in settings, stop reasons and on screens."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)", re.ASCII)
_WHOLE = re.compile(rf"([+-]?)((?:{_PART.pattern})+)", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds of a Go duration such as ``1h30m``, ``90s``, ``1.5h`` or ``0``; ``d`` (24 h) is our addition.

    Raises ValueError with a sentence when the text is no duration. Negative ones are parsed; whether they make sense
    is the caller's question.
    """
    stripped = text.strip()
    if stripped in {"0", "+0", "-0"}:
        return 0.0
    match = _WHOLE.fullmatch(stripped)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write it like 1h30m, 90s or 1.5h")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(match[2]))
    return -seconds if match[1] == "-" else seconds


def format_duration(seconds: float) -> str:
    """Go's way of writing whole seconds: ``6m10s``, ``6h0m0s``, ``45s``, ``0s``; fractions are rounded down."""
    sign, whole = ("-" if seconds < 0 else ""), int(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    if hours:
        return f"{sign}{hours}h{minutes}m{secs}s"
    if minutes:
        return f"{sign}{minutes}m{secs}s"
    return f"{sign if whole else ''}{secs}s"
