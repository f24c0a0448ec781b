"""What ``arcdeck check`` found, and what a controller would change: values for people and for scripts."""

from __future__ import annotations

from enum import StrEnum

from core.api.view import View


class Verdict(StrEnum):
    """How one thing that was checked is."""

    WELL = "well"
    WARNING = "warning"  #: works, though perhaps not as it was meant
    PROBLEM = "problem"  #: cannot work until somebody mends it
    UNKNOWN = "unknown"  #: could not be found out


class Finding(View):
    """One thing that was checked."""

    area: str  #: ``settings``, ``runners``, ``AWS``, ``GitHub``, ``labels``, ``plan``
    verdict: Verdict
    text: str  #: one sentence
    remedy: str = ""  #: what to do about it


class Verb(StrEnum):
    """What would become of a thing."""

    CREATE = "create"
    CHANGE = "change"
    ADOPT = "adopt"  #: the original's becomes ours
    KEEP = "keep"
    REMOVE = "remove"  #: it drains, and then it goes
    LEAVE = "leave"  #: not ours, and not touched
    REFUSE = "refuse"  #: wanted, and somebody else's


class PlanStep(View):
    """What would become of one thing."""

    verb: Verb
    what: str  #: ``scale set``, ``task definition`` or ``tasks``
    name: str
    text: str


class Checkup(View):
    """Everything that was found, in the order it was looked at."""

    findings: tuple[Finding, ...]
    plan: tuple[PlanStep, ...] = ()

    @property
    def worst(self) -> Verdict:
        """The worst verdict; a thing that could not be found out counts as a warning."""
        verdicts = {finding.verdict for finding in self.findings}
        if Verdict.PROBLEM in verdicts:
            return Verdict.PROBLEM
        return Verdict.WARNING if verdicts - {Verdict.WELL} else Verdict.WELL
