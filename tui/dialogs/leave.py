"""The question on leaving a screen whose daemon this arcdeck started: let it go on, stop it, or stay.

Staying has the focus and takes nothing away; detaching is what leaving means everywhere else. What would happen is told
with the numbers of the moment, and told anew each second. The dialog sends nothing itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from tui import looks
from tui.fit import wrap
from tui.tones import Row, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.toned import TONES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.app import ComposeResult

    from tui.moment import Moment

#: Lines that one sentence may take.
_LONGEST = 3


class Leaving(StrEnum):
    """What becomes of the daemon when its screen is left."""

    DETACH = "detach"
    STOP = "stop"


class LeaveDialog(ModalScreen[Leaving | None]):
    """Asks what becomes of the daemon; None = stay. ``look`` gives the present moment."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONES}
    AUTO_FOCUS = "#stay"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", "stay", show=False),
        Binding("d", "detach", "detach", show=False),
        Binding("s", "stop", "stop", show=False),
        Binding("right,down", "app.focus_next", show=False),
        Binding("left,up", "app.focus_previous", show=False),
    ]

    def __init__(self, look: Callable[[], Moment]) -> None:
        super().__init__()
        self._look = look

    def compose(self) -> ComposeResult:
        """What would happen, and the three answers."""
        with Vertical(id="dialog"):
            yield Lines(id="question")
            with Horizontal(id="answers"):
                yield Button(_label("Stay"), id="stay", compact=True)
                yield Button(_label("Detach (d)"), id="detach", compact=True)
                yield Button(_label("Stop (s)"), id="stop", compact=True)

    def on_mount(self) -> None:
        """Fill in the words, and go on doing so each second."""
        self.query_one("#dialog").border_title = "Leave"
        self._update()
        self.set_interval(1.0, self._update)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self._update)

    @on(Button.Pressed, "#stay")
    def action_stay(self) -> None:
        """Back to the screen."""
        self.dismiss(None)

    @on(Button.Pressed, "#detach")
    def action_detach(self) -> None:
        """Leave; the daemon goes on."""
        self.dismiss(Leaving.DETACH)

    @on(Button.Pressed, "#stop")
    def action_stop(self) -> None:
        """Stop the daemon, if it can be told."""
        if _reachable(self._look()):
            self.dismiss(Leaving.STOP)

    def _update(self) -> None:
        moment, words = self._look(), self.query_one("#question", Lines)
        width = words.size.width or self.size.width
        rows = [
            Row((Span(line, span.tone),)) for span in consequences(moment) for line in wrap(span.text, width, _LONGEST)
        ]
        words.set_height(len(rows))
        words.show(*rows)
        self.query_one("#stop", Button).disabled = not _reachable(moment)


def consequences(moment: Moment) -> Iterator[Span]:
    """What each answer means now, a sentence each."""
    yield Span("This arcdeck started the controller. What becomes of it?", Tone.STRONG)
    yield Span("Detach: it goes on by itself; arcdeck, or arcdeck attach, shows it again.")
    if not _reachable(moment):
        yield Span("Stop: NOT CONNECTED, so it cannot be told to stop now.", Tone.FAILED)
        return
    runners = moment.snapshot.runners if moment.snapshot else ()
    live = [row for row in runners if row.state not in looks.ENDED]
    busy = sum(row.state in looks.SERVING for row in live)
    count = f"{len(live)} runner{'' if len(live) == 1 else 's'}, {busy} busy"
    yield Span(
        f"Stop: nothing starts for waiting jobs until a controller runs again; {count}, and all scale sets stay."
    )


def _reachable(moment: Moment) -> bool:
    return moment.link.usable(moment.local)


def _label(text: str) -> Content:
    """The words of a button; brackets make it one where there are no colours."""
    return Content(f"[ {text} ]")
