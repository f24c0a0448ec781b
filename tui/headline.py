"""The words at the top of the screen: where am I, may I act, can I believe it, and what ails the whole. Pure.

See tui-patterns.md sections 2.1 and 8.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui import ages, looks
from tui.fit import shorten, wrap
from tui.link import RETRY_WAITS, LinkState
from tui.rows import WIDE
from tui.tones import Line, Row, Span, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.api.model import ScaleSetView
    from tui.moment import Moment

_CROSS: Final = "\N{MULTIPLICATION SIGN}"
_LINK: Final = {
    LinkState.CONNECTING: ("◦", Tone.INFO),
    LinkState.LIVE: ("●", Tone.GOOD),
    LinkState.STALE: ("▲", Tone.LATE),
    LinkState.LOST: (_CROSS, Tone.OVERDUE),
    LinkState.INCOMPATIBLE: (_CROSS, Tone.OVERDUE),
}
#: Lines that the reason of a lost connection, or what ails the controller, may take.
_PROBLEM_LINES: Final = 2
_BETWEEN: Final = Span(" · ", Tone.MUTED)


def header(moment: Moment, width: int) -> Row:
    """The header line for a width in cells."""
    return Row(
        (Span(" "), *_joined([*_place(moment, width), *_permission(moment), *_freeze(moment)])),
        (*_joined([*_connection(moment), *_budget(moment, width), *_time(moment)]), Span(" ")),
    )


def banner(moment: Moment, width: int) -> tuple[Line, ...]:
    """What ails the whole, in a line or two; none when nothing does."""
    if moment.lost:
        return _not_connected(moment, width)
    if moment.link_state is LinkState.STALE:
        return ((Span(f" {_silence(moment)}", Tone.LATE),),)
    return tuple(_controller_trouble(moment, width))


def of_scale_set(row: ScaleSetView, now: float) -> str:
    """A scale set in a few words, for a line that only names it."""
    return f"{looks.scale_set_look(row, now).word.lower()}, {row.busy} busy, {row.idle} idle"


def waiting(moment: Moment) -> str:
    """What a list says while there is no data yet."""
    if moment.snapshot is not None:
        return "the controller has not begun"
    if moment.link_state is LinkState.CONNECTING:
        return f"asking the daemon, {ages.exact(moment.link.silence(moment.local))}"
    return f"no data yet; {moment.keyboard.key('refresh')} tries now"


def _joined(spans: list[Span]) -> Line:
    pieces = [piece for span in spans for piece in (_BETWEEN, span)]
    return tuple(pieces[1:])


def _place(moment: Moment, width: int) -> Iterator[Span]:
    if moment.snapshot is None:
        yield Span("arcdeck", Tone.STRONG)
        return
    controller = moment.snapshot.controller
    yield Span(shorten(controller.cluster, width // 3), Tone.STRONG)
    if width >= WIDE and controller.region:
        yield Span(controller.region)
    if controller.observing:
        yield Span("OBSERVING", Tone.INFO)


def _permission(moment: Moment) -> Iterator[Span]:
    left = moment.catch.remaining(moment.local)
    if moment.forbidden:
        yield Span("READ-ONLY", Tone.STRONG)
    elif left:
        yield Span(f"UNLOCKED {ages.exact(left)}", Tone.LATE)
    else:
        yield Span("LOCKED", Tone.STRONG)


def _freeze(moment: Moment) -> Iterator[Span]:
    if moment.frozen_at is not None:
        since = ages.exact(moment.local - moment.frozen_at)
        yield Span(f"FROZEN {since}, {moment.missed} behind", Tone.LATE)


def _connection(moment: Moment) -> Iterator[Span]:
    state, link = moment.link_state, moment.link
    glyph, tone = _LINK[state]
    if state in {LinkState.LIVE, LinkState.CONNECTING}:
        yield Span(f"{glyph} {state}", tone)
    elif state is LinkState.STALE:
        yield Span(f"{glyph} {state} {ages.running(link.silence(moment.local))}", tone)
    else:
        since = "" if link.lost_at is None else f" {ages.running(moment.local - link.lost_at)}"
        yield Span(f"{glyph} {state}{since}", tone)
        yield Span(_next_try(moment))


def _next_try(moment: Moment) -> str:
    attempt = f"try {moment.link.tries + 1}"
    if moment.link.retry_at is None:
        return f"{attempt} now"
    return f"{attempt} in {ages.exact(moment.link.retry_at - moment.local)}"


def _budget(moment: Moment, width: int) -> Iterator[Span]:
    controller = moment.snapshot.controller if moment.snapshot else None
    if width < WIDE or controller is None or controller.rate_remaining is None or controller.rate_limit is None:
        return
    short = controller.rate_remaining * 10 < controller.rate_limit
    yield Span(f"GitHub {controller.rate_remaining}/{controller.rate_limit}", Tone.LATE if short else Tone.MUTED)


def _time(moment: Moment) -> Iterator[Span]:
    if moment.snapshot is not None:
        yield Span(ages.time_of_day(moment.daemon_now))


def _not_connected(moment: Moment, width: int) -> tuple[Line, ...]:
    """Why, what is shown instead, and what is off. Nothing is promised about the daemon."""
    what = Span(" NOT COMPATIBLE " if moment.link.incompatible else " NOT CONNECTED ", Tone.OVERDUE)
    first, *more = wrap(moment.link.problem or _silence(moment), width - len(what.text) - 2, _PROBLEM_LINES)
    lines = [(what, Span(f" {first}", Tone.STRONG)), *((Span(f" {line}", Tone.STRONG),) for line in more)]
    if moment.snapshot is None:
        return tuple(lines)
    age = ages.running(moment.link.silence(moment.local))
    shown = f" This is snapshot {moment.snapshot.version}, {age} old: clocks are held, commands are off."
    if width >= WIDE:
        shown += " If the daemon lives, it goes on scaling."
    return (*lines, (Span(shown),))


def _silence(moment: Moment) -> str:
    return f"Nothing has been heard from the daemon for {ages.running(moment.link.silence(moment.local))}."


def _controller_trouble(moment: Moment, width: int) -> Iterator[Line]:
    if moment.snapshot is None:
        return
    controller = moment.snapshot.controller
    if controller.waits_for:
        yield from _late(f"The controller has not begun: {controller.waits_for}", width)
    if controller.sweep_failed:
        last = "" if controller.last_sweep_at is None else f" since {ages.time_of_day(controller.last_sweep_at)}"
        yield from _late(f"ECS could not be read{last}: {controller.sweep_failed}", width)
    if controller.journal:
        yield from _late(f"The journal is degraded: {controller.journal}", width)


def _late(sentence: str, width: int) -> Iterator[Line]:
    return ((Span(f" {line}", Tone.LATE),) for line in wrap(sentence, width - 2, _PROBLEM_LINES))


def tried(moment: Moment) -> str:
    """What has been tried since the connection was lost, for the message line."""
    link = moment.link
    if link.connected:
        return (
            f"silent since {ages.time_of_day(moment.daemon_now - link.silence(moment.local))}; connects anew by itself"
        )
    what = "not connected yet"
    if moment.snapshot is not None and link.lost_at is not None:
        what = f"connection lost at {ages.time_of_day(moment.daemon_now - (moment.local - link.lost_at))}"
    *first, last = (f"{wait:.0f}" for wait in RETRY_WAITS)
    tries = "1 try" if link.tries == 1 else f"{link.tries} tries"
    return f"{what} · {tries} failed, after {', '.join(first)}, each {last} s"
