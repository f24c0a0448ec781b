"""Questions about what a controller keeps: its scale sets as such, its configuration, itself. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.api.commands import AdoptScaleSet, RecreateScaleSet, StopDaemon, TendConfiguration
from tui import looks
from tui.questions import Question
from tui.tones import Line, Span, Tone

if TYPE_CHECKING:
    from core.api.model import Snapshot


def adopt(scale_set: str, snapshot: Snapshot, _: float, who: str) -> Question:
    """Whether to take over a scale set that carries nobody's id."""
    return Question(
        title="Adopt 1 scale set",
        verb="Adopt 1",
        about=f"adopt {scale_set}",
        lines=(
            (Span(scale_set, Tone.STRONG),),
            (),
            (Span(f"It, its family and its tasks get the marks of {snapshot.controller.id}, as {who}."),),
            (),
            (Span("One that carries another controller's id is refused: arcdeck adopt --from takes it.", Tone.MUTED),),
        ),
        commands=lambda new_id, _: (AdoptScaleSet(id=new_id(), scale_set=scale_set),),
        possible=_is_there(scale_set, snapshot),
    )


def recreate(scale_set: str, foreseen: str, snapshot: Snapshot, who: str) -> Question:
    """Whether to have a scale set made anew; ``foreseen`` is what the daemon says would happen, once it has."""
    said = Span(foreseen) if foreseen else Span("The daemon looks what would happen…", Tone.INFO)
    return Question(
        title="Recreate 1 scale set",
        verb="Recreate 1",
        about=f"recreate {scale_set}",
        lines=(
            (Span(scale_set, Tone.STRONG),),
            (),
            (Span(f"It is deleted on GitHub and made anew, as {who}: the cure for counters that are stuck."),),
            (),
            (said,),
            (),
            (Span("Refused while a runner of it may have a job. Waiting jobs go back and come again.", Tone.MUTED),),
        ),
        commands=lambda new_id, _: (RecreateScaleSet(id=new_id(), scale_set=scale_set),),
        phrase="recreate 1",
        possible=_is_there(scale_set, snapshot),
    )


def agree(snapshot: Snapshot, _: float, who: str) -> Question:
    """Whether a removal of scale sets that waits for a person may go ahead."""
    return Question(
        title="Agree to a removal",
        verb="Agree",
        about="agree",
        lines=(
            (Span(f"Scale sets that the configuration of {snapshot.controller.id} no longer names, as {who}:"),),
            (),
            *_retiring(snapshot),
            (Span("They drain: busy runners finish their jobs. Then they are deleted on GitHub.", Tone.LATE),),
            (Span("Names that come back into the configuration meanwhile stay.", Tone.MUTED),),
        ),
        commands=lambda new_id, _: (TendConfiguration(kind="agree", id=new_id()),),
        phrase="agree",
    )


def shutdown(snapshot: Snapshot, _: float, who: str) -> Question:
    """Whether to stop the controller itself."""
    live = [row for row in snapshot.runners if row.state not in looks.ENDED]
    busy = sum(row.state in looks.SERVING for row in live)
    return Question(
        title="Stop the controller",
        verb="Stop it",
        about="shutdown",
        lines=(
            (Span(f"{snapshot.controller.id} on {snapshot.controller.cluster} stops in order, as {who}"),),
            (),
            (Span(f"{len(live)} runners stay, {busy} of them busy, and so do all scale sets."),),
            (Span("Nothing starts for waiting jobs until a controller runs again.", Tone.LATE),),
            (),
            (Span("Whoever watches over it, such as systemd, may start it again at once.", Tone.MUTED),),
        ),
        commands=lambda new_id, reason: (
            StopDaemon(id=new_id(), instance=snapshot.controller.instance or None, reason=reason),
        ),
        phrase="stop it",
        wants_reason=True,
    )


def _is_there(scale_set: str, snapshot: Snapshot) -> bool:
    return any(row.name == scale_set for row in snapshot.scale_sets)


def _retiring(snapshot: Snapshot) -> tuple[Line, ...]:
    waiting = [row for row in snapshot.scale_sets if "no longer configured" in row.reason]
    lines: list[Line] = [
        (Span(f"   {row.name}", Tone.STRONG), Span(f"  {row.busy} busy, {row.idle} idle")) for row in waiting
    ]
    return (*lines, ()) if lines else ((Span("None of them is known to this screen.", Tone.MUTED),), ())
