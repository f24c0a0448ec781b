"""What every screen shares that shows the daemon's present: one clock, few paints, and the keys that work.

A screen draws a ``Moment`` and nothing else: at most four times a second and once each tick, and only while it can be
seen. Which keys work, and why others do not, is decided in one place for bindings, footer and palette alike.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.message import Message

from tui import headline, theme
from tui.actions import BY_ID, Place
from tui.palette import Choice
from tui.screens.acting import STEERING, ActingScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen
from tui.widgets.keyed_table import KeyedTable
from tui.widgets.parts import BannerLines, FooterLine, HeaderLine, MessageLine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.events import Resize
    from textual.timer import Timer

    from tui.actions import Action
    from tui.moment import Moment
    from tui.session import Session

#: Seconds between two paints, at least: the eye reads no more, and the link pays for all.
_PAINT_EVERY: Final = 0.25
#: The one reason for which a key is only dimmed: it will pass by itself.
NOT_CONNECTED: Final = "not connected"


class FeedChanged(Message):
    """The feed holds something new; of many that wait, one is enough."""

    def can_replace(self, message: Message) -> bool:
        """Whether the other one is needless beside this one."""
        return isinstance(message, FeedChanged)


class LiveScreen(ActingScreen):
    """A place with a header, a banner, a message line and a footer; its subclass paints what is between them."""

    PLACE: ClassVar[Place]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._pending: Timer | None = None
        self._painted_at = float("-inf")

    def paint(self, moment: Moment) -> None:
        """Paint what is particular to this screen. Everything compares before it paints."""
        raise NotImplementedError

    @property
    def waits(self) -> bool:
        """Whether the order of a list is held, so that asking for *now* would change something."""
        return False

    def on_mount(self) -> None:
        """Start the one clock of the screen."""
        self.set_interval(1.0, self.tick)

    def moment(self) -> Moment:
        """What is to be drawn."""
        return self.session.moment()

    @on(FeedChanged)
    @on(KeyedTable.Viewed)
    def on_feed_changed(self) -> None:
        """Draw soon, but not more often than four times a second."""
        wait = self._painted_at + _PAINT_EVERY - self.session.clock()
        if wait <= 0:
            self.draw()
        elif self._pending is None:
            self._pending = self.set_timer(wait, self.draw)

    def on_resize(self, event: Resize) -> None:
        """Every line has another length now."""
        del event
        self.call_after_refresh(self.draw)

    def on_screen_resume(self) -> None:
        """What happened while another screen was on top is shown at once."""
        self.call_after_refresh(self.draw)

    def tick(self) -> None:
        """Once a second: clocks go on."""
        self.draw()

    def draw(self) -> None:
        """Draw the present moment, if anybody can see it."""
        if self._pending is not None:
            self._pending.stop()
            self._pending = None
        if not self.is_current:
            return
        moment = self.moment()
        if moment.snapshot is not None:  # the first one is shown as soon as it comes
            self._painted_at = self.session.clock()
        self.paint(moment)
        self.query_one(HeaderLine).show_moment(moment)
        self.query_one(BannerLines).show_moment(moment)
        self.query_one(MessageLine).show_moment(moment)
        self.set_class(moment.lost, "-lost")

    # What can be done

    def actions(self) -> tuple[Action, ...]:
        """What can be done on this screen, with the keys for it."""
        return self.session.settings.keyboard.of(self.PLACE)

    def reason_against(self, action: Action, moment: Moment) -> str:
        """Why an action cannot be carried out now, in a few words; empty when it can."""
        if action.needs_connection and (moment.snapshot is None or not moment.link.usable(moment.local)):
            return NOT_CONNECTED
        if action.id == "refresh" and moment.link.usable(moment.local) and not self.waits:
            return "nothing waits"
        if not any(action.applies(row) for row in self.marked or (self.selected,)):
            return f"only {action.suits}"
        return ""

    def forbidden(self, action: Action, moment: Moment) -> bool:
        """Whether an action can never be carried out from this screen, so that it is not even named."""
        return moment.forbidden and (action.dangerous or action.id == "unlock")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something now: False = not here, None = not at the moment."""
        del parameters
        record = BY_ID.get(action)
        return True if record is None else self._works(record, self.moment())

    def _works(self, action: Action, moment: Moment) -> bool | None:
        if self.forbidden(action, moment):
            return False
        reason = self.reason_against(action, moment)
        return None if reason == NOT_CONNECTED else not reason

    def show_footer(self, moment: Moment) -> None:
        """Show what the keys do now."""
        allowed = [action for action in self.actions() if self._works(action, moment)]
        self.query_one(FooterLine).show_actions(allowed, moment, self.labels())

    def labels(self) -> dict[str, str]:
        """Labels of actions, by id, that are others than usual at the moment."""
        held = self.selected_set()
        resumes = {"pause": "resume"} if held is not None and held.pause else {}
        runner = self.selected_runner()
        resumes |= {"hold": "release"} if runner is not None and runner.hold else {}
        return resumes | ({"unlock": "lock"} if self.unlocked else {})

    def action_palette(self) -> None:
        """Everything that can be done, by its name."""

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                choice.run()

        self.app.push_screen(PaletteScreen(list(self.choices())), chosen)

    def choices(self) -> Iterator[Choice]:
        """What the palette offers: every action of this screen, then the steering of each scale set by its name."""
        moment = self.moment()
        for action in self.actions():
            if action.id != "palette" and not self.forbidden(action, moment):
                locked = action.dangerous and not self.unlocked
                reason = self.reason_against(action, moment) or (self._locked() if locked else "")
                run = partial(self._carry_out, action.id)
                yield Choice(action.label, action.help, action.key, reason, run)
        yield from self._steering()

    def _locked(self) -> str:
        return f"locked, {self.session.settings.keyboard.key('unlock')} unlocks"

    def _carry_out(self, action: str) -> None:
        """Do what the key does, where the key would be heard."""
        focused = self.focused
        holder = focused if focused is not None and hasattr(focused, f"action_{action}") else self
        self.call_later(holder.run_action, action)

    def _steering(self) -> Iterator[Choice]:
        moment = self.moment()
        if moment.snapshot is None or moment.forbidden:
            return
        usable = moment.link.usable(moment.local)
        reason = NOT_CONNECTED if not usable else "" if self.unlocked else self._locked()
        for row in moment.snapshot.scale_sets:
            for kind, fits in STEERING.items():
                if fits(row):
                    run = partial(self.steer, kind, row.name)
                    yield Choice(f"{kind} {row.name}", headline.of_scale_set(row, moment.now), "", reason, run)

    def action_help(self) -> None:
        """What the keys and signs mean."""
        moment = self.moment()
        actions = [action for action in self.actions() if not self.forbidden(action, moment)]
        self.app.push_screen(HelpScreen(actions, self.session.settings))

    async def action_picture(self) -> None:
        """Keep what is shown as a picture."""
        await self.run_action("app.picture")

    def action_theme(self) -> None:
        """Try the next theme; the settings file keeps one."""
        self.app.theme = theme.after(self.app.theme)
        self.say(f"{self.app.theme}: {self.session.settings.keyboard.key('theme')} tries the next")

    async def action_leave(self) -> None:
        """Leave the screen; the daemon goes on."""
        await self.run_action("app.leave")
