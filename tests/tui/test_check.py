"""The page of ``arcdeck check``."""

import io
import json

from core.api.checkup import Checkup, Finding, PlanStep, Verb, Verdict
from tui.check import show
from tui.oneshot.output import Output

WELL = Finding(area="AWS", verdict=Verdict.WELL, text="cluster ci is ACTIVE, with 3 tasks")
REFUSED = Finding(
    area="permissions",
    verdict=Verdict.PROBLEM,
    text="ecs:RunTask on * is refused: without it no runner starts",
    remedy="allow it: deploy/iam-policy.json has all that is needed",
)
PUBLIC = Finding(area="GitHub", verdict=Verdict.WARNING, text="runner group Default admits public repositories")


def page(checkup: Checkup, *, strict: bool = False, as_json: bool = False) -> tuple[str, int]:
    text = io.StringIO()
    code = show(checkup, Output(text, io.StringIO(), as_json=as_json), strict=strict)
    return text.getvalue(), code


def test_a_problem_is_told_with_its_remedy_and_ends_with_exit_code_2() -> None:
    text, code = page(Checkup(findings=(WELL, REFUSED)))
    assert "NO  permissions  ecs:RunTask on * is refused" in text
    assert "-> allow it: deploy/iam-policy.json" in text
    assert text.endswith("1 problem: a controller would not start, or not all of it would work.\n")
    assert code == 2


def test_a_warning_is_an_error_only_when_strict() -> None:
    checkup = Checkup(findings=(WELL, PUBLIC))
    assert page(checkup)[1] == 0
    text, code = page(checkup, strict=True)
    assert code == 2
    assert "which --strict refuses" in text


def test_what_stays_is_not_told_and_many_steps_of_a_kind_are_counted() -> None:
    kept = PlanStep(verb=Verb.KEEP, what="scale set", name="kept", text="as wanted")
    made = [PlanStep(verb=Verb.CREATE, what="scale set", name=f"set-{n}", text="created") for n in range(51)]
    text, code = page(Checkup(findings=(WELL,), plan=(kept, *made)))
    assert "kept" not in text
    assert "set-7: created" in text
    assert "create  scale set: 43 more like these (--json has them all)" in text
    assert code == 0


def test_json_holds_everything_and_whether_it_is_well() -> None:
    text, code = page(Checkup(findings=(WELL, REFUSED)), as_json=True)
    told = json.loads(text)
    assert (told["ok"], told["worst"], code) == (False, "problem", 2)
    assert told["findings"][1]["remedy"] == REFUSED.remedy


def test_no_name_from_outside_has_power_over_the_terminal() -> None:
    hostile = PlanStep(verb=Verb.LEAVE, what="scale set", name="\x1b[2Jgone", text="not ours")
    assert "\x1b" not in page(Checkup(findings=(WELL,), plan=(hostile,)))[0]
