"""What every screen does from which commands are given: to the selected row, or to all that are marked.

What cannot be taken back goes out only after a yes. The targets are fixed by name when the key is pressed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from core.api.client import ControlError
from core.api.commands import PreviewSweep, RecreateScaleSet, SteerScaleSet, TendConfiguration
from core.api.model import RunnerView, ScaleSetState, ScaleSetView
from core.api.trouble import MismatchView, PlacementView
from tui import looks, preview, questions, several, tending
from tui.actions import BY_ID
from tui.internals import SessionRow
from tui.screens.asking import AskingScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.api.model import Snapshot
    from tui.dialogs.confirm import ConfirmDialog
    from tui.preview import Preview
    from tui.questions import Question, Target
    from tui.session import Session
    from tui.several import Deed

#: Seconds within which a row that came under the cursor by itself is pointed out in the question.
_JUST_CAME: Final = 0.4
Steering = Literal["pause", "drain", "resume", "retry"]
#: What can be done with a whole scale set, and whether it would change anything about this one.
STEERING: Final[Mapping[Steering, Callable[[ScaleSetView], bool]]] = {
    "pause": lambda row: row.pause is None,
    "resume": lambda row: row.pause is not None,
    "drain": lambda row: row.pause is None or not row.pause.drains,
    "retry": lambda row: row.backoff is not None or row.state in {ScaleSetState.BLOCKED, ScaleSetState.DEGRADED},
}


class ActingScreen(AskingScreen):
    """A screen with rows that keys are about. Which those are, its subclass says."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        #: When a row came under the cursor that nobody had moved there.
        self.came_by_itself_at = float("-inf")

    @property
    def selected(self) -> object:
        """The row under the cursor; None when there is none."""
        raise NotImplementedError

    @property
    def marked(self) -> tuple[object, ...]:
        """The rows that are marked; keys are about them instead of the selected one."""
        return ()

    @property
    def hidden_marks(self) -> int:
        """How many of the marked rows the list does not show now."""
        return 0

    def selected_runner(self) -> RunnerView | None:
        """The runner that keys are about, where they are about one."""
        return self._runner_behind(self.selected)

    def selected_set(self) -> ScaleSetView | None:
        """The scale set that keys are about: the selected one, or that of the selected row."""
        return self._set_behind(self.selected)

    def _runner_behind(self, row: object) -> RunnerView | None:
        snapshot = self.session.feed.snapshot
        if isinstance(row, MismatchView) and snapshot is not None:
            return next((each for each in snapshot.runners if each.name == row.name), None)
        return row if isinstance(row, RunnerView) else None

    def _set_behind(self, row: object) -> ScaleSetView | None:
        snapshot = self.session.feed.snapshot
        match row:
            case ScaleSetView():
                name = row.name
            case RunnerView() | MismatchView():
                name = row.scale_set
            case SessionRow():
                name = row.scale_set.name
            case PlacementView() if row.waiting:
                name = row.waiting[0]  # what it forgets is the class, for all who wait for it
            case _:
                return None
        return next((each for each in snapshot.scale_sets if each.name == name), None) if snapshot else None

    def _meant_runners(self, action: str) -> list[RunnerView | MismatchView]:
        """Whom a key is about: those that are marked, else the selected one, where the action suits.

        A ghost stands for itself.
        """
        found: dict[str, RunnerView | MismatchView] = {}
        for row in filter(BY_ID[action].applies, self.marked or (self.selected,)):
            runner = self._runner_behind(row)
            if runner is not None:
                found[runner.name] = runner
            elif isinstance(row, MismatchView):
                found[row.name] = row
        return list(found.values())

    def _meant_sets(self) -> list[ScaleSetView]:
        """Which scale sets keys are about: those of the marked rows, else that of the selected one."""
        rows = [self._set_behind(row) for row in self.marked or (self.selected,)]
        return list({row.name: row for row in rows if row is not None}.values())

    def action_unlock(self) -> None:
        """Allow commands for five minutes, or forbid them again."""
        self.session.catch = self.session.catch.toggled(self.session.clock())
        self.draw()

    def action_stop(self) -> None:
        """Stop the tasks of the runners that are meant, after a yes."""
        self._ask_about_runners("stop", several.STOP, questions.stop)

    def action_deregister(self) -> None:
        """Remove the registrations of the runners that are meant, after a yes."""
        self._ask_about_runners("deregister", several.DEREGISTER, questions.deregister)

    def action_hold(self) -> None:
        """Keep every rule away from the runners that are meant, after a yes; or let go of them, when all are held."""
        runners = [row for row in self._meant_runners("hold") if isinstance(row, RunnerView)]
        held = bool(runners) and all(row.hold for row in runners)
        self._ask_about_runners("hold", several.RELEASE if held else several.HOLD)

    def action_pause(self) -> None:
        """Let the scale sets that are meant start nothing more, or let them start again; nothing is lost by it."""
        rows = self._meant_sets()
        open_ones = [row for row in rows if row.pause is None]
        self._steer_all("pause" if open_ones else "resume", open_ones or rows)

    def action_drain(self) -> None:
        """Pause the scale sets that are meant and let their idle runners go, after a yes."""
        rows = self._meant_sets()
        if len(rows) == 1:
            self.steer("drain", rows[0].name)
        elif rows:
            names = [row.name for row in rows]
            self._ask_of_now(lambda snapshot, now, who: several.drain(names, snapshot, now, who))

    def action_retry(self) -> None:
        """Let the scale sets that are meant forget their backoff and their breaker."""
        self._steer_all("retry", self._meant_sets())

    def _steer_all(self, kind: Steering, rows: Sequence[ScaleSetView]) -> None:
        if len(rows) == 1:
            self.steer(kind, rows[0].name)
        elif rows and self.allowed():
            new_id = self.session.new_id
            commands = [SteerScaleSet(kind=kind, id=new_id(), scale_set=row.name) for row in rows]
            self.send(commands, f"{kind} {len(rows)} scale sets")

    def steer(self, kind: Steering, scale_set: str) -> None:
        """Do something with a scale set by its name; only what takes runners away is asked about first."""
        if kind == "drain":
            self._ask_of_now(lambda snapshot, now, who: questions.drain(scale_set, snapshot, now, who))
        elif self.session.feed.snapshot is not None and self.allowed():
            command = SteerScaleSet(kind=kind, id=self.session.new_id(), scale_set=scale_set)
            self.send([command], f"{kind} {scale_set}")

    def _ask_of_now(self, words: Callable[[Snapshot, float, str], Question]) -> ConfirmDialog | None:
        """Ask for what the words make of each moment; None when nothing may be asked now."""
        session, first = self.session, self.session.feed.snapshot
        if first is None or not self.allowed():
            return None
        return self.ask(lambda: words(session.feed.snapshot or first, session.feed.model_now(), session.who))

    def action_reload(self) -> None:
        """Have the configuration read now."""
        if self.allowed():
            self.send([TendConfiguration(kind="reload", id=self.session.new_id())], "reload")

    def action_agree(self) -> None:
        """Let a removal that waits go ahead, after a yes."""
        self._ask_of_now(tending.agree)

    def action_shutdown(self) -> None:
        """Stop the controller itself, after a yes."""
        self._ask_of_now(tending.shutdown)

    def action_adopt(self) -> None:
        """Take over the selected scale set, after a yes."""
        if (row := self.selected_set()) is not None:
            self._ask_of_now(partial(tending.adopt, row.name))

    def action_recreate(self) -> None:
        """Have the selected scale set made anew, after a yes to what that would do."""
        row, foreseen = self.selected_set(), ""
        if row is None:
            return
        name = row.name
        dialog = self._ask_of_now(lambda snapshot, _, who: tending.recreate(name, foreseen, snapshot, who))

        async def foresee() -> None:
            nonlocal foreseen
            _, foreseen = await self.asked(RecreateScaleSet(id=self.session.new_id(), scale_set=name, preview=True))
            if dialog is not None:
                dialog.look_again()

        if dialog is not None:
            self.run_worker(foresee(), group="previews")

    def action_sweep(self) -> None:
        """Read ECS and reap now, after a yes to whom that would stop."""
        known = preview.ASKED
        # The question stands before its answer is there, so that no key meant for the screen below agrees to it.
        dialog = self._ask_of_now(lambda snapshot, now, who: questions.sweep(known, snapshot, now, who))
        if dialog is None:
            return

        async def foresee() -> None:
            nonlocal known
            known = await self._preview()
            dialog.look_again()

        self.run_worker(foresee(), group="previews")

    async def _preview(self) -> Preview:
        """Whom a sweep of all scale sets would stop now."""
        feed = self.session.feed
        try:
            answer = await self.session.client.execute(PreviewSweep(id=self.session.new_id()))
        except ControlError as error:
            return preview.failed(error)
        alive = sum(row.state not in looks.ENDED for row in feed.snapshot.runners) if feed.snapshot else 0
        return preview.told(answer, alive, feed.model_now())

    def _ask_about_runners(
        self, action: str, deed: Deed, words_for_one: Callable[[Target, Snapshot, float, str], Question] | None = None
    ) -> None:
        """Ask about whoever is meant now; whatever is selected or marked later, the question stays about these."""
        meant = self._meant_runners(action)
        if len(meant) == 1 and isinstance(meant[0], RunnerView) and words_for_one is not None:
            just_came = self.session.clock() - self.came_by_itself_at < _JUST_CAME
            target, words = questions.Target(meant[0], just_came=just_came), words_for_one

            def about_one(snapshot: Snapshot, now: float, who: str) -> Question:
                target.look(snapshot)
                return words(target, snapshot, now, who)

            self._ask_of_now(about_one)
        elif meant:
            left_out = len(self.marked) - len(meant) if self.marked else 0
            self._ask_of_now(several.Several(deed, meant, hidden=self.hidden_marks, left_out=left_out).question)
