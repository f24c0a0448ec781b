"""``arcdeck check`` on a page: what was looked at, what is wrong and how to mend it, and what would change.

One line a finding, with its sign in front; then the plan, without what stays as it is; then the verdict, in words.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from core.api.checkup import Verb, Verdict
from tui import exits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.api.checkup import Checkup, Finding, PlanStep
    from tui.oneshot.output import Output

_SIGNS: Final = {Verdict.WELL: "ok", Verdict.WARNING: "!", Verdict.PROBLEM: "NO", Verdict.UNKNOWN: "?"}
_SIGN: Final = 4  # cells
_AREA: Final = 13
_VERB: Final = 8
#: Steps of one kind that are told one by one; a plan of fifty families is told in numbers, and whole in JSON.
_TOLD: Final = 8


def show(checkup: Checkup, out: Output, *, strict: bool) -> int:
    """Write it, and return the exit code: 0, or 2 with anything that cannot work; ``strict``: or anything unsure."""
    wrong = checkup.worst is Verdict.PROBLEM or (strict and checkup.worst is not Verdict.WELL)
    if out.as_json:
        out.json({**checkup.model_dump(mode="json"), "worst": checkup.worst.value, "ok": not wrong})
        return exits.USAGE if wrong else exits.DONE
    for finding in checkup.findings:
        _finding(finding, out)
    _plan(checkup.plan, out)
    out.line()
    out.folded(_verdict(checkup, strict=strict))
    return exits.USAGE if wrong else exits.DONE


def _finding(finding: Finding, out: Output) -> None:
    out.sentence(finding.text, first=_SIGNS[finding.verdict].ljust(_SIGN) + finding.area.ljust(_AREA))
    if finding.remedy:
        out.sentence(finding.remedy, first=" " * (_SIGN + _AREA) + "-> ")


def _plan(plan: Sequence[PlanStep], out: Output) -> None:
    told = [step for step in plan if step.verb is not Verb.KEEP]
    if not told:
        return
    out.line()
    out.line("what a controller would do:")
    ordered = sorted(told, key=lambda step: (list(Verb).index(step.verb), step.what))
    for (verb, what), group in groupby(ordered, key=lambda step: (step.verb, step.what)):
        steps = list(group)
        for step in steps[:_TOLD]:
            out.sentence(f"{what} {step.name}: {step.text}", first="  " + str(verb).ljust(_VERB))
        if len(steps) > _TOLD:
            out.line(f"  {verb!s:{_VERB}}{what}: {len(steps) - _TOLD} more like these (--json has them all)")


def _verdict(checkup: Checkup, *, strict: bool) -> str:
    counted = {verdict: sum(f.verdict is verdict for f in checkup.findings) for verdict in Verdict}
    if wrong := counted[Verdict.PROBLEM]:
        return f"{_many(wrong, 'problem')}: a controller would not start, or not all of it would work."
    if unsure := counted[Verdict.WARNING] + counted[Verdict.UNKNOWN]:
        refused = ", which --strict refuses" if strict else ""
        return f"A controller would run; {_many(unsure, 'thing')} to look at{refused}."
    return "Everything is as it should be."


def _many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
