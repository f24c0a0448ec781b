"""The fixed lines of a screen: each knows where its words come from, and is told only the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.api.model import RunnerView
from tui import ages, detail_lines, headline, pulse, why
from tui.detail import Known
from tui.fit import shorten, wrap
from tui.footer import FILTER_EXAMPLES, footer_row, typing_row
from tui.tones import Row, Span, Tone, rule
from tui.widgets.lines import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui.actions import Action
    from tui.moment import Moment

#: Lines of the facts beside the lists, their heading included.
_PREVIEW_LINES: Final = 13
#: Seconds for which a result stays in view while the connection is lost.
_RESULT_STAYS: Final = 30.0


class HeaderLine(Lines):
    """Where am I, may I act, can I believe it."""

    def show_moment(self, moment: Moment) -> None:
        """Show the moment."""
        self.show(headline.header(moment, self.size.width))


class PulseLine(Lines):
    """Whether all is well, and the counts behind it."""

    def show_moment(self, moment: Moment) -> None:
        """Show the moment; nothing before the first snapshot."""
        strip = pulse.strip(moment.snapshot, moment.now, self.size.width) if moment.snapshot else ()
        self.show(Row((Span(" "), *strip)))


class BannerLines(Lines):
    """What ails the whole; takes no room while nothing does."""

    def show_moment(self, moment: Moment) -> None:
        """Show the moment; the layout changes only when the number of lines does."""
        lines = headline.banner(moment, self.size.width)
        self.set_height(len(lines))
        self.show(*(Row(line) for line in lines))


class WhyLines(Lines):
    """The heading rule and the sentence about the selected row."""

    def show_row(self, row: object, moment: Moment) -> None:
        """Show why the row is as it is; empty when nothing is selected."""
        heading = rule([Span("WHY", Tone.STRONG), Span(f" {why.subject(row)}".rstrip())])
        as_of = f"as of {ages.time_of_day(moment.now)}: " if moment.held and row is not None else ""
        room = max(1, self.size.height - 1)
        lines = wrap(as_of + why.sentence(row), self.size.width - 2, room) if row is not None else []
        self.show(heading, *(Row((Span(" "), Span(line))) for line in lines))


class PreviewLines(Lines):
    """The facts of the selected runner, as far as the snapshot has them; takes no room for anything else."""

    def show_row(self, row: object, moment: Moment) -> None:
        """Show the facts, if the style sheet gives them a place."""
        if not self.display:
            return
        if not isinstance(row, RunnerView) or moment.snapshot is None:
            self.set_height(0)
            return
        known = Known(row.name, row, moment.snapshot, (), moment.now)
        self.set_height(_PREVIEW_LINES)
        heading = rule([Span("RUNNER", Tone.STRONG), Span(f" of {shorten(row.scale_set, self.size.width - 18)}")])
        self.show(heading, *detail_lines.brief(known, self.size.width)[: _PREVIEW_LINES - 1])


class MessageLine(Lines):
    """The one place for progress and results; while the connection is lost it tells of the attempts.

    A result stays in view for 30 s all the same: whether a command was done is what one asks when a daemon is lost.
    """

    _lost = False
    _said_at = float("-inf")
    _restarts = 0

    def say(self, text: str, tone: Tone, now: float) -> None:
        """Show a result with the daemon's time of it, which is 0 while that is not known."""
        self._said_at = now
        at = (Span(f"{ages.time_of_day(now)} ", Tone.MUTED),) if now else ()
        self.show(Row((Span(" "), Span(text, tone)), at))

    def show_moment(self, moment: Moment) -> None:
        """Show the moment, when it has something to say: a loss, or that the daemon is back."""
        if moment.lost:
            if moment.daemon_now - self._said_at >= _RESULT_STAYS:
                self.show(Row((Span(f" {headline.tried(moment)}", Tone.MUTED),)))
        elif self._lost:
            anew = ", and it has been started anew" if moment.restarts != self._restarts else ""
            self.say(f"The daemon is back{anew}.", Tone.GOOD, moment.daemon_now)
            self._said_at = float("-inf")  # no result, and wrong as soon as the daemon is gone again
        self._lost, self._restarts = moment.lost, moment.restarts


class FooterLine(Lines):
    """What the keys do now."""

    def show_typing(self, problem: str, examples: str = FILTER_EXAMPLES) -> None:
        """Show what keys do while a text is typed, when all others are letters; or why it is not understood."""
        self.show(typing_row(problem, examples))

    def show_actions(self, allowed: Iterable[Action], moment: Moment, labels: Mapping[str, str]) -> None:
        """Show these actions, by these labels; those that need an unlocked screen only while it is."""
        unlocked = moment.catch.is_open(moment.local)
        shown = [action for action in allowed if unlocked or not action.dangerous]
        off = not moment.link.usable(moment.local) and not moment.forbidden
        note = "commands off: not connected" if off else ""
        self.show(footer_row(shown, labels, note, self.size.width))
