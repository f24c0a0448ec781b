"""Everything the screen knows at one moment, as one value: what the widgets are told, and the words are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.keyboard import USUAL, Keyboard
from tui.link import LinkState

if TYPE_CHECKING:
    from core.api.model import Snapshot
    from tui.link import Link
    from tui.safety import SafetyCatch


@dataclass(frozen=True, slots=True)
class Moment:
    """The picture to draw. ``local`` is the screen's monotonic clock; other times are the daemon's epoch seconds."""

    local: float
    daemon_now: float  #: the daemon's clock; goes on while the link is lost
    now: float  #: the time for which ages are shown; stands still while the link is lost or the picture is frozen
    link: Link
    catch: SafetyCatch
    snapshot: Snapshot | None = None  #: None until the first one has come
    may_act: bool = True  #: whether the daemon takes commands from this user
    frozen_at: float | None = None  #: local; None while the picture moves
    missed: int = 0  #: updates since the picture was frozen
    restarts: int = 0  #: how often another daemon answered than before
    keyboard: Keyboard = USUAL  #: for words that name a key

    @property
    def link_state(self) -> LinkState:
        """The link in one word."""
        return self.link.state(self.local)

    @property
    def lost(self) -> bool:
        """Whether there is no connection and was one, or an attempt failed."""
        return self.link_state in {LinkState.LOST, LinkState.INCOMPATIBLE}

    @property
    def held(self) -> bool:
        """Whether clocks stand still."""
        return self.snapshot is not None and (self.frozen_at is not None or not self.link.usable(self.local))

    @property
    def forbidden(self) -> bool:
        """Whether no command can ever be given from this screen."""
        return self.catch.read_only or not self.may_act
