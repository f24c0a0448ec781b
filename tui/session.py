"""What a screen works with: the feed, the safety catch, and who sits there with which clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tui.moment import Moment
from tui.safety import SafetyCatch
from tui.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.feed import Client, Feed


@dataclass(slots=True)
class Session:
    """One person at one screen. The catch is the only thing that changes here; the rest changes inside the feed."""

    feed: Feed
    client: Client
    clock: Callable[[], float]  #: monotonic seconds
    new_id: Callable[[], str]  #: an id for each command, never the same twice
    who: str  #: for the words of a dialog; the daemon judges by the peer
    catch: SafetyCatch = field(default_factory=SafetyCatch)
    settings: Settings = field(default_factory=Settings)
    ours: bool = False  #: whether this arcdeck started the daemon, so that leaving asks what becomes of it

    def moment(self) -> Moment:
        """Everything that is known now."""
        feed = self.feed
        return Moment(
            local=self.clock(),
            daemon_now=feed.daemon_now(),
            now=feed.model_now(),
            link=feed.link,
            catch=self.catch,
            snapshot=feed.snapshot,
            may_act=feed.hello is None or feed.hello.may_act,
            restarts=feed.restarts,
            keyboard=self.settings.keyboard,
        )
