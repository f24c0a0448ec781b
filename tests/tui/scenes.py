"""Every screen and state there is, by name: one line each, and the pictures of all sizes and looks follow.

A scene is what the daemon tells, what was pressed since, and what happened to the connection. The clock stands still.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.api.client import ConnectionLost, Incompatible, NotRunning
from core.api.commands import Answer, Outcome
from tests.tui.past import told_history, told_log
from tests.tui.samples import CONTROLLER, fleet, held, snapshot, well
from tests.tui.trouble import haunted, held_fleet
from tests.tui.world import ENVIRON, FakeDaemon, HandClock, foreseen, overview, screen, settle
from tui.app import ArcdeckApp
from tui.dialogs.confirm import ConfirmDialog
from tui.settings import read

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping

    from textual.pilot import Pilot

    from core.api.model import Hello, Update
    from tui.feed import Feed

NO_COLOR: Final = {**ENVIRON, "NO_COLOR": "1"}
SIZES: Final = ((80, 24), (120, 36), (200, 50))


class Mute(FakeDaemon):
    """Takes the connection and says nothing."""

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        await asyncio.Event().wait()
        yield self.hello


def fleet_with_a_past(**fields: Any) -> FakeDaemon:
    """Everything that can be the matter, with what happened before and what runners print."""
    daemon = FakeDaemon(fleet(), **fields)
    daemon.history, daemon.printed = told_history(), told_log()
    return daemon


def troubled() -> FakeDaemon:
    """A controller that can read neither ECS nor its journal."""
    failed = "AccessDeniedException: not authorized to perform ecs:ListTasks on cluster ci-prod (request 5f0c…)"
    controller = CONTROLLER.model_copy(update={"sweep_failed": failed, "journal": "no space left on device"})
    return FakeDaemon(fleet().model_copy(update={"controller": controller}))


def not_begun() -> FakeDaemon:
    """A controller that cannot read what it is to run."""
    waits = "the runner configuration is out of reach, trying again: SSM: no answer from ssm.eu-west-1.amazonaws.com"
    controller = CONTROLLER.model_copy(update={"waits_for": waits, "last_sweep_at": None, "next_sweep_at": None})
    return FakeDaemon(snapshot().model_copy(update={"controller": controller}))


def observing() -> FakeDaemon:
    """A controller that changes nothing."""
    return FakeDaemon(well().model_copy(update={"controller": CONTROLLER.model_copy(update={"observing": True})}))


def unreadable() -> FakeDaemon:
    """Neither the journal nor the logs of runners can be had."""
    daemon = FakeDaemon()
    daemon.journal_problem = daemon.printed = ConnectionLost("CloudWatch: AccessDeniedException on logs:GetLogEvents")
    return daemon


def refusing() -> FakeDaemon:
    """Refuses every command."""
    daemon = fleet_with_a_past()
    reason = "runner-large-docker-0be1c7f2 is busy with acme/api · release · deploy since 14:02:30Z; look again"
    daemon.answer = Answer(id="", outcome=Outcome.REFUSED, text=reason)
    return daemon


def absent() -> FakeDaemon:
    """Was never there."""
    daemon = FakeDaemon()
    daemon.refusal = NotRunning("No arcdeck daemon runs here: there is no socket at /run/arcdeck/ci-prod.sock.")
    return daemon


def with_victims() -> FakeDaemon:
    """A sweep would stop fourteen of its runners."""
    daemon = FakeDaemon()
    daemon.preview = foreseen(
        "runner-large-docker-a11ce004: ecs-arc: stuck in PENDING for 5m7s (threshold: 5m)",
        "runner-small-plain-0b77e1f4: ecs-arc: exceeded max runtime 6h (running: 6h2m)",
        *(f"runner-xlarge-docker-{n:08x}: ecs-arc: stuck in PENDING for 6m{n}s (threshold: 5m)" for n in range(12)),
    )
    return daemon


async def silence(_: Pilot[None], __: FakeDaemon, clock: HandClock) -> None:
    """Nothing is heard for a while."""
    clock.advance(7)


async def loss(pilot: Pilot[None], daemon: FakeDaemon, clock: HandClock) -> None:
    """The connection goes, and is not back after 24 s."""
    daemon.refusal = NotRunning("No arcdeck daemon runs here: there is no socket at /run/arcdeck/ci-prod.sock.")
    daemon.send(ConnectionLost("The daemon closed the connection."))
    await settle(pilot)
    clock.advance(24)
    overview(pilot).session.feed.retry()
    overview(pilot).tick()
    if isinstance(pilot.app.screen, ConfirmDialog):
        pilot.app.screen.look_again()  # as it does each second


async def another_protocol(pilot: Pilot[None], daemon: FakeDaemon, clock: HandClock) -> None:
    """A daemon of another version takes the place of the one that was there."""
    daemon.refusal = Incompatible("The daemon speaks protocol 7; this program speaks protocol 1.", ours=1, theirs=7)
    daemon.send(ConnectionLost("The daemon closed the connection."))
    await settle(pilot)
    clock.advance(2)
    overview(pilot).session.feed.retry()


@dataclass(frozen=True)
class Scene:
    """A screen in a state."""

    daemon: Callable[[], FakeDaemon] = FakeDaemon
    keys: tuple[str, ...] = ()
    happens: Callable[[Pilot[None], FakeDaemon, HandClock], Awaitable[None]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  #: of the application
    sizes: tuple[tuple[int, int], ...] = SIZES


_UNLOCKED: Final = {"unlocked": True}
_WRONG: Final = {
    "settings": read(
        'theme = "drak"\nacsii = true\n[keys]\nstop = "a"\nlogs = "e"\nsort = "o"\n[lists.runners]\nsort = "size"\n',
        Path("/home/alice/.config/arcdeck/screen.toml"),
    )
}
#: The runner that is busy with a deploy: the second of the list.
_BUSY: Final = ("down",)

SCENES: Final[Mapping[str, Scene]] = {
    # the main screen
    "live": Scene(),
    "well": Scene(lambda: FakeDaemon(well())),
    "loading": Scene(Mute),
    "empty": Scene(lambda: FakeDaemon(snapshot())),
    "unlocked": Scene(options=_UNLOCKED),
    "read-only": Scene(options={"read_only": True}),
    "not-allowed": Scene(lambda: FakeDaemon(may_act=False)),
    "observing": Scene(observing),
    "paused": Scene(lambda: FakeDaemon(held()), ("1",), options=_UNLOCKED),
    "sets": Scene(keys=("1", "down", "down")),
    "events-panel": Scene(keys=("3",)),
    "narrowed": Scene(keys=("1", "down", "down", "enter")),
    "typing-a-filter": Scene(keys=("slash", *"docker")),
    "filter-not-understood": Scene(keys=("slash", *"sate:x")),
    "filtered": Scene(keys=("slash", *"docker", "enter")),
    "filtered-out": Scene(keys=("slash", *"dokcer", "enter")),
    "problems": Scene(keys=("exclamation_mark",)),
    "sorted": Scene(keys=("s", "n")),
    "sorting": Scene(keys=("s",)),
    "frozen": Scene(keys=("z",), happens=silence),
    "stale": Scene(happens=silence),
    "lost": Scene(happens=loss),
    "never-connected": Scene(absent),
    "incompatible": Scene(happens=another_protocol),
    "controller-in-trouble": Scene(troubled),
    "not-begun": Scene(not_begun),
    "wrong-settings": Scene(options=_WRONG),
    "too-small": Scene(sizes=((50, 10),)),
    # one runner
    "runner": Scene(fleet_with_a_past, (*_BUSY, "enter"), options=_UNLOCKED),
    "runner-events": Scene(fleet_with_a_past, (*_BUSY, "enter", "2")),
    "runner-log": Scene(fleet_with_a_past, (*_BUSY, "l")),
    "runner-log-searched": Scene(fleet_with_a_past, (*_BUSY, "l", "slash", *"deploy", "enter")),
    "runner-unreadable": Scene(unreadable, (*_BUSY, "l")),
    "runner-lost": Scene(fleet_with_a_past, (*_BUSY, "enter"), loss),
    # the journal
    "history": Scene(fleet_with_a_past, ("e",)),
    "history-stops": Scene(fleet_with_a_past, ("e", "2")),
    "history-commands": Scene(fleet_with_a_past, ("e", "3")),
    "history-ended": Scene(fleet_with_a_past, ("E",)),
    "history-empty": Scene(keys=("e", "2")),
    "history-unreadable": Scene(unreadable, ("e",)),
    # what lies beneath
    "mismatches": Scene(lambda: FakeDaemon(haunted()), ("m",), options=_UNLOCKED),
    "mismatches-none": Scene(keys=("m",)),
    "sessions": Scene(lambda: FakeDaemon(haunted()), ("m", "2"), options=_UNLOCKED),
    "placements": Scene(lambda: FakeDaemon(haunted()), ("m", "3"), options=_UNLOCKED),
    "mismatches-lost": Scene(lambda: FakeDaemon(haunted()), ("m",), loss),
    # several at once, and one that is held
    "marked": Scene(keys=("space", "space", "space"), options=_UNLOCKED),
    "held": Scene(lambda: FakeDaemon(held_fleet()), _BUSY, options=_UNLOCKED),
    "stop-several": Scene(keys=("space", "space", "space", "x"), options=_UNLOCKED),
    "deregister-ghosts": Scene(lambda: FakeDaemon(haunted()), ("m", "A", "D"), options=_UNLOCKED),
    "results": Scene(refusing, ("1", "space", "space", "p"), options=_UNLOCKED),
    "hold": Scene(keys=(*_BUSY, "H"), options=_UNLOCKED),
    "shutdown": Scene(keys=("colon", *"shutdown", "enter"), options=_UNLOCKED),
    "recreate": Scene(keys=("1", "colon", *"recreate", "enter"), options=_UNLOCKED),
    # what opens above them
    "help": Scene(keys=("question_mark",)),
    "help-with-wrong-settings": Scene(keys=("question_mark",), options=_WRONG),
    "palette": Scene(keys=("colon",)),
    "palette-searched": Scene(keys=("colon", *"st"), options=_UNLOCKED),
    "stop-idle": Scene(keys=("slash", *"idle", "enter", "x"), options=_UNLOCKED),
    "stop-busy": Scene(keys=(*_BUSY, "x"), options=_UNLOCKED),
    "deregister": Scene(keys=(*_BUSY, "D"), options=_UNLOCKED),
    "drain": Scene(lambda: FakeDaemon(held()), ("1", "down", "P"), options=_UNLOCKED),
    "sweep": Scene(with_victims, ("W",), options=_UNLOCKED),
    "sweep-with-nothing-to-stop": Scene(keys=("W",), options=_UNLOCKED),
    "question-while-lost": Scene(keys=(*_BUSY, "x"), happens=loss, options=_UNLOCKED),
    "locked": Scene(keys=("x",)),
    "leaving": Scene(keys=("q",), options={"ours": True}),
    "refused": Scene(refusing, ("x", "right", "enter"), options=_UNLOCKED),
}


async def woken(feed: Feed) -> None:
    """Wait for somebody who asks for the next attempt, however long that takes."""
    feed._wake.clear()
    await feed._wake.wait()


@asynccontextmanager
async def played(
    scene: Scene, size: tuple[int, int], environ: Mapping[str, str] = ENVIRON, **options: Any
) -> AsyncIterator[Pilot[None]]:
    """A scene with the picture drawn."""
    daemon, clock = scene.daemon(), HandClock()
    app = screen(daemon, clock, environ=environ, **scene.options, **options)
    app.session.feed._wait = partial(woken, app.session.feed)  # type: ignore[method-assign]  # no real time in a picture
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        if scene.keys:
            await pilot.press(*scene.keys)
            await settle(pilot)
        if scene.happens is not None:
            await scene.happens(pilot, daemon, clock)
            await settle(pilot)
        yield pilot


async def bleach(pilot: Pilot[None], *, ascii_only: bool = False) -> None:
    """Take the colours away, as NO_COLOR does from the start, and on demand all signs but ASCII."""
    app = pilot.app
    assert isinstance(app, ArcdeckApp)
    app._environ = NO_COLOR
    app._dress(replace(app.session.settings, ascii=ascii_only))
    await settle(pilot)
