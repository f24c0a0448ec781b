"""The application: one feed, one person, a stack of screens. All that is particular to a place is in its screen.

It never shares a process with the controller: when a terminal stops taking output, this loop stands still, and nothing
of value may stand still with it (tui-patterns.md section 4.1).
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.widgets import Input
from textual.worker import WorkerFailed

from core.api.client import ControlClient
from tui import crash, theme
from tui.feed import Feed
from tui.safety import SafetyCatch
from tui.screens.live import FeedChanged, LiveScreen
from tui.screens.overview import OverviewScreen
from tui.screens.palette import PaletteScreen
from tui.screens.too_small import TooSmallScreen, fits
from tui.session import Session
from tui.terminal import clipboard_sequences, operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.driver import Driver
    from textual.events import Key, Resize

    from tui.feed import Client


class ArcdeckApp(App[None]):
    """The control room. ``client`` is where it looks and sends; ``read_only`` leaves every command out.

    ``unlocked`` starts the five unlocked minutes at once. ``clock`` gives monotonic seconds and ``new_id`` an id for
    each command; ``environ`` is where terminal, colours and operator are read.
    """

    TITLE = "arcdeck"
    CSS_PATH = "theme/arcdeck.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,ctrl+q", "leave", show=False, priority=True)]

    def __init__(
        self,
        client: Client,
        *,
        read_only: bool,
        unlocked: bool = False,
        clock: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        environ: Mapping[str, str] | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        looks = theme.choose(self._environ)
        super().__init__(driver_class=driver_class, ansi_color=looks.ansi)
        for each in theme.THEMES:
            self.register_theme(each)
        self.theme = looks.name
        self.animation_level = "none"
        catch = SafetyCatch(read_only=read_only)
        self.session = Session(
            feed=Feed(client, clock=clock, changed=self._feed_changed),
            client=client,
            clock=clock,
            new_id=new_id,
            who=operator(self._environ),
            catch=catch.toggled(clock()) if unlocked else catch,
        )
        self._overview = OverviewScreen(self.session)
        self._last_words = ""

    async def on_mount(self) -> None:
        """Show the main screen and start to follow the daemon."""
        if not self.is_headless:
            with suppress(NotImplementedError, ValueError):  # a loop outside the main thread has no signals
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        await self.push_screen(self._overview)
        self.run_worker(self.session.feed.run(), group="feed", exclusive=True)
        self._cover(fits=fits(self.size))

    def on_resize(self, event: Resize) -> None:
        """Cover the screen while it is too small to tell the truth."""
        self._cover(fits=fits(event.size))

    def on_key(self, event: Key) -> None:
        """Give a letter to the field that is being typed into.

        A letter that gets here came in one burst with the key that opened the field, before the field had the focus;
        as a key of the screen below it would do something else.
        """
        if event.character is None or not event.is_printable:
            return
        if isinstance(self.screen, PaletteScreen):
            self.screen.type_early(event.character)
            event.prevent_default()
        elif isinstance(self.focused, Input):
            self.focused.insert_text_at_cursor(event.character)
            event.prevent_default()

    def action_leave(self) -> None:
        """Leave the screen; the daemon goes on."""
        connected = self.session.feed.link.usable(self.session.clock())
        goes_on = "the daemon goes on" if connected else "the daemon could not be reached"
        self.exit(message=Text(f"arcdeck: you have left the screen; {goes_on}."))

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the operator's terminal to take the text; whether it does, nobody can know."""
        self._clipboard = text
        if self._driver is not None:
            for sequence in clipboard_sequences(text, self._environ):
                self._driver.write(sequence)

    def _feed_changed(self) -> None:
        for each in self.screen_stack:
            if isinstance(each, LiveScreen) and each.is_attached and each.is_current:
                each.post_message(FeedChanged())

    def _cover(self, *, fits: bool) -> None:
        covered = isinstance(self.screen, TooSmallScreen)
        if covered and fits:
            self.pop_screen()
        elif not covered and not fits and self._overview.is_attached:
            self.push_screen(TooSmallScreen())

    def _hang_up(self) -> None:
        """The terminal is gone, so there is nobody to tell and nothing to restore."""
        os._exit(128 + signal.SIGHUP)

    def _handle_exception(self, error: Exception) -> None:
        """Write a report before anything else; of several errors the first one says what happened."""
        if not self._last_words:
            cause = error.error if isinstance(error, WorkerFailed) else error
            where = crash.write_report(cause, self._environ)
            told = f"what happened is in {where}" if where else "and no place took a report"
            self._last_words = f"arcdeck: the screen failed ({type(cause).__name__}); {told}. The daemon goes on."
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """One line instead of Textual's own report, which shows the variables of every frame."""
        self.panic(Text(self._last_words))


def run(socket_path: str | os.PathLike[str], *, read_only: bool, unlocked: bool = False) -> int:
    """Show the daemon behind the socket until somebody leaves; the exit code, 0 when nothing went wrong here."""
    app = ArcdeckApp(ControlClient(socket_path, read_only=read_only), read_only=read_only, unlocked=unlocked)
    app.run()
    return app.return_code or 0
