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
from textual.filter import LineFilter, Monochrome, NoColor
from textual.widgets import Input
from textual.worker import WorkerFailed

from core.api.client import ControlClient, ControlError
from core.api.commands import Outcome, StopDaemon
from tui import crash, picture, signs, theme
from tui.dialogs.leave import LeaveDialog, Leaving
from tui.feed import Feed
from tui.keep import keep
from tui.plain import plain
from tui.safety import SafetyCatch
from tui.screens.live import FeedChanged, LiveScreen
from tui.screens.overview import OverviewScreen
from tui.screens.palette import PaletteScreen
from tui.screens.too_small import TooSmallScreen, fits
from tui.session import Session
from tui.settings import Settings, load
from tui.terminal import clipboard_sequences, operator
from tui.theme.line_filters import AsciiOnly
from tui.tones import Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.driver import Driver
    from textual.events import Key, Resize

    from tui.feed import Client


class ArcdeckApp(App[None]):
    """The control room. ``client`` is where it looks and sends; ``read_only`` leaves every command out.

    ``unlocked`` starts the five unlocked minutes at once. ``clock`` gives monotonic seconds and ``new_id`` an id for
    each command; ``environ`` is where terminal, colours and operator are read. ``settings`` are the user's.
    ``ours`` says that this arcdeck started the daemon, so that leaving asks what becomes of it.
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
        settings: Settings | None = None,
        ours: bool = False,
        driver_class: type[Driver] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        wanted = settings or Settings()
        super().__init__(driver_class=driver_class)
        self._dress(wanted)
        self.set_keymap(wanted.keyboard.keymap())
        catch = SafetyCatch(read_only=read_only)
        self.session = Session(
            feed=Feed(client, clock=clock, changed=self._feed_changed),
            client=client,
            clock=clock,
            new_id=new_id,
            who=operator(self._environ),
            catch=catch.toggled(clock()) if unlocked else catch,
            settings=wanted,
            ours=ours,
        )
        self.stops_daemon = False  #: whether it was left with the daemon told to stop
        self._overview = OverviewScreen(self.session)
        self._last_words = ""

    def _dress(self, wanted: Settings) -> None:
        looks = theme.choose(self._environ, wanted.theme)
        for each in theme.THEMES:
            self.register_theme(each)
        self.theme = looks.theme.name
        self.animation_level = "none"
        self.no_color = looks.colourless
        last = [NoColor()] if looks.colourless else []
        self._last_filters: list[LineFilter] = (
            [*last, AsciiOnly()] if signs.is_wanted(wanted.ascii, self._environ) else [*last]
        )

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What each line passes before it is written.

        Textual's own colourless filter goes by NO_COLOR alone, set to nothing too, and leaves greys; ours knows more.
        """
        usual = [each for each in super().get_line_filters() if not isinstance(each, Monochrome | NoColor)]
        return [*usual, *self._last_filters]

    async def on_mount(self) -> None:
        """Show the main screen and start to follow the daemon."""
        if not self.is_headless:
            with suppress(NotImplementedError, ValueError):  # a loop outside the main thread has no signals
                asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        await self.push_screen(self._overview)
        if wrong := self.session.settings.told:
            self._overview.say(wrong, Tone.LATE)
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
        """Leave the screen; what becomes of a daemon of our own is asked first, and told by leaving once more."""
        if self.session.ours and not isinstance(self.screen, LeaveDialog | TooSmallScreen):
            self.push_screen(LeaveDialog(self.session.moment), self._leave)
        else:
            self._leave(Leaving.DETACH)

    def _leave(self, choice: Leaving | None) -> None:
        match choice:
            case Leaving.DETACH:
                self._detach()
            case Leaving.STOP:
                self.run_worker(self._stop_daemon(), group="commands")

    async def _stop_daemon(self) -> None:
        """Have the daemon stop, and leave once it has said that it will."""
        session = self.session
        instance = session.feed.hello.instance or None if session.feed.hello else None
        try:
            answer = await session.client.execute(StopDaemon(id=session.new_id(), instance=instance))
        except ControlError as error:
            told = f"stop the controller: {error}"
        else:
            told = f"stop the controller: {answer.outcome}. {answer.text}"
            self.stops_daemon = answer.outcome in {Outcome.DONE, Outcome.ALREADY}
        if self.stops_daemon:
            self.exit(message=Text(f"arcdeck: {plain(told)}."))
        elif isinstance(self.screen, LiveScreen):
            self.screen.say(told, Tone.FAILED)

    def _detach(self) -> None:
        connected = self.session.feed.link.usable(self.session.clock())
        goes_on = "the daemon goes on" if connected else "the daemon could not be reached"
        self.exit(message=Text(f"arcdeck: you have left the screen; {goes_on}."))

    def action_picture(self) -> None:
        """Keep what is shown as a picture, in a file of the user's."""
        path = keep(picture.taken(self), self._environ, prefix="screen-", suffix=".svg")
        if isinstance(self.screen, LiveScreen):
            self.screen.say(f"picture kept in {path}" if path else "no place took the picture", Tone.NORMAL)

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the operator's terminal to take the text; whether it does, nobody can know.

        Cleaned, so that it is one line of text wherever it is put in: a shell carries out what ends in a line end.
        """
        self._clipboard = plain(text)
        if self._driver is not None:
            for sequence in clipboard_sequences(self._clipboard, self._environ):
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
            self.push_screen(TooSmallScreen(self.session.settings.keyboard.key("leave")))

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


def run(
    socket_path: str | os.PathLike[str],
    *,
    read_only: bool,
    unlocked: bool = False,
    ended: Callable[[], None] | None = None,
) -> int:
    """Show the daemon behind the socket until somebody leaves; the exit code, 0 when nothing went wrong here.

    ``ended`` waits for the end of a daemon that we started; None: it is none of ours, and leaving asks nothing.
    """
    settings = load(os.environ)
    client = ControlClient(socket_path, read_only=read_only)
    app = ArcdeckApp(client, read_only=read_only, unlocked=unlocked, settings=settings, ours=ended is not None)
    app.run(mouse=settings.mouse)
    if app.stops_daemon and ended is not None:
        ended()
    return app.return_code or 0
