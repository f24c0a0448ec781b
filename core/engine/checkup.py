"""Looks at everything a controller needs, and says what it would change, before it changes anything (DESIGN.md 1).

Only reads, and IAM's dry run. What cannot be read is a finding, and the look goes on: whoever sets a controller up
wants to know of everything that is wrong, not of the first. The plan is made only from what was read in full, so it
never takes what it could not see for absent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from core.api.checkup import Checkup, Finding, PlanStep, Verb, Verdict
from core.domain.errors import ArcdeckError, PermissionDenied
from core.domain.labels import told_apart_by_name_only
from core.domain.ownership import is_originals, owners
from core.domain.permissions import Account, needed
from core.domain.retirement import RemovalPlan
from core.domain.task import TaskStatus
from core.engine.plan import SCALE_SET, Planner, Present

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Iterator, Sequence

    from core.domain.messages import ScaleSetRef
    from core.domain.task import Task
    from core.engine.ground import EngineSettings
    from core.ports import AwsAccount, EcsClient, RunnerGroups, ScaleSetClient

T = TypeVar("T")

TASKS = "tasks"
AWS, PERMISSIONS, GITHUB, LABELS, PLAN = "AWS", "permissions", "GitHub", "labels", "plan"
#: Names told in one sentence.
TOLD = 5
_BACK = (
    "to go back: stop arcdeck and start ecs-arc; its marks stay on everything that is taken over, "
    "and what arcdeck starts carries them as well"
)


@dataclass(frozen=True, slots=True)
class CheckPorts:
    """What is looked at."""

    ecs: EcsClient
    client: ScaleSetClient
    groups: RunnerGroups
    account: AwsAccount


class Examination:
    """One look at everything, for a controller of these settings."""

    def __init__(self, settings: EngineSettings, ports: CheckPorts) -> None:
        self._settings = settings
        self._ports = ports
        self._findings: list[Finding] = []

    async def run(self) -> Checkup:
        """Look, and tell."""
        who = await self._try(AWS, self._ports.account.identity())
        if who is not None:
            self._well(AWS, f"we are {who}, in {self._settings.region}")
        cluster = await self._try(AWS, self._cluster())
        if who is not None:
            await self._permissions(who)
        existing = await self._github()
        self._labels()
        plan: list[PlanStep] = []
        if cluster is not None and existing is not None:
            plan = await self._plan(cluster, existing)
        else:
            self._find(PLAN, Verdict.UNKNOWN, "what would change cannot be told before everything can be read")
        return Checkup(findings=tuple(self._findings), plan=tuple(plan))

    # --- AWS -------------------------------------------------------------------------------------------------------

    async def _cluster(self) -> list[Task]:
        """The live tasks of the cluster."""
        await self._ports.ecs.check_cluster()
        look = await self._ports.ecs.describe_tasks(await self._ports.ecs.list_tasks())
        tasks = [task for task in look.tasks if not task.status.ended]
        self._well(AWS, f"cluster {self._settings.cluster} is ACTIVE, with {counted(len(tasks), 'task')}")
        return tasks

    async def _permissions(self, who: str) -> None:
        definitions = self._settings.definitions
        _, partition, _, _, number, *_ = [*who.split(":"), *[""] * 5]
        wanted = needed(
            Account(
                partition=partition,
                region=self._settings.region,
                number=number,
                cluster=self._settings.cluster.rpartition("/")[2],
            ),
            (definitions.execution_role, definitions.task_role),
            family=self._settings.scale_sets[0].family,
            logs=definitions.log_group,
        )
        try:
            refused = await self._ports.account.refused(who, wanted)
        except PermissionDenied as denied:
            text = f"{len(wanted)} permissions cannot be checked without doing anything: {denied}"
            self._find(PERMISSIONS, Verdict.UNKNOWN, text, "or go by deploy/iam-policy.json")
            return
        except ArcdeckError as error:
            self._find(PERMISSIONS, Verdict.UNKNOWN, f"{len(wanted)} permissions cannot be checked: {error}")
            return
        for permission in refused:
            text = f"{permission.action} on {permission.resource} is refused: without it {permission.purpose}"
            self._find(PERMISSIONS, Verdict.PROBLEM, text, "allow it: deploy/iam-policy.json has all that is needed")
        self._well(PERMISSIONS, f"{len(wanted) - len(refused)} of {len(wanted)} are granted")

    # --- GitHub ----------------------------------------------------------------------------------------------------

    async def _github(self) -> list[ScaleSetRef] | None:
        """The scale sets of every runner group that is used; None when not all of them could be read."""
        found: list[ScaleSetRef] = []
        whole = True
        for group in sorted({spec.runner_group for spec in self._settings.scale_sets}):
            listed = await self._try(GITHUB, self._scale_sets(group))
            whole = whole and listed is not None
            found += listed or []
        registrations = await self._try(GITHUB, self._ports.client.list_runners())
        if whole and registrations is not None:
            there = f"{counted(len(found), 'scale set')} and {counted(len(registrations), 'runner')}"
            self._well(GITHUB, f"{self._settings.github} can be read and registered at; it has {there}")
        await self._public()
        return found if whole else None

    async def _scale_sets(self, group: str) -> list[ScaleSetRef]:
        return await self._ports.client.list_scale_sets(await self._ports.client.runner_group_id(group))

    async def _public(self) -> None:
        used = {spec.runner_group.lower() for spec in self._settings.scale_sets}
        try:
            public = await self._ports.groups.public_groups()
        except ArcdeckError as error:
            self._find(GITHUB, Verdict.UNKNOWN, f"whether public repositories are admitted cannot be seen: {error}")
            return
        for name in public:
            if name.lower() in used:
                text = f"runner group {name} admits public repositories: whoever opens a pull request may run code here"
                self._find(GITHUB, Verdict.WARNING, text, "take that from the group, or use another one")

    # --- labels ----------------------------------------------------------------------------------------------------

    def _labels(self) -> None:
        shared = told_apart_by_name_only(self._settings.scale_sets)
        for group in shared:
            names = _told([spec.name for spec in group])
            text = f"{names} share all labels: a job that asks for these may get any of them"
            self._find(LABELS, Verdict.WARNING, text, "give each an extra label, unless one is to stand in for another")
        if not shared:
            self._well(LABELS, "every scale set can be told from every other by its labels")

    # --- the plan --------------------------------------------------------------------------------------------------

    async def _plan(self, tasks: Sequence[Task], existing: Sequence[ScaleSetRef]) -> list[PlanStep]:
        specs = self._settings.scale_sets
        by_name = {ref.name: ref for ref in existing}
        looks = await self._try(PLAN, self._presents(by_name))
        if looks is None:
            return []
        planner = Planner(self._settings.controller, self._settings.definitions)
        wanted = [step for spec, present in zip(specs, looks, strict=True) for step in planner.steps(spec, present)]
        plan = [*wanted, *self._removed(tasks, existing), *self._left(existing), *self._tasks(tasks)]
        for step in plan:
            if step.verb is Verb.REFUSE:
                self._find(PLAN, Verdict.PROBLEM, step.text)
        self._well(PLAN, summary(plan))
        if any(step.verb is Verb.ADOPT for step in plan):
            self._well(PLAN, _BACK)
        return plan

    async def _presents(self, existing: dict[str, ScaleSetRef]) -> list[Present]:
        """What there is of each scale set that is wanted; the ECS client sees to its own pace."""
        return [
            Present(existing.get(spec.name), await self._ports.ecs.registered_definition(spec.family))
            for spec in self._settings.scale_sets
        ]

    def _removed(self, tasks: Sequence[Task], existing: Sequence[ScaleSetRef]) -> Iterator[PlanStep]:
        ours, named = self._settings.controller, self._named
        on_github = {ref.name for ref in existing if ours in owners(ref.labels)}
        running = Counter(task.scale_set for task in tasks if task.controller == ours and _may_be_busy(task))
        leaving = sorted((on_github | {name for name in running if name}) - named)
        plan = RemovalPlan(tuple(leaving), len(on_github & named), sum(running[name] for name in leaving))
        for name in leaving:
            text = f"no longer configured: it drains, and then it goes; {counted(running[name], 'runner')} may be busy"
            yield PlanStep(verb=Verb.REMOVE, what=SCALE_SET, name=name, text=text)
        if leaving and plan.brake:
            text = f"this {plan.brake}, so it waits for a person"
            self._find(PLAN, Verdict.WARNING, text, "start with --allow-mass-removal to agree")

    def _left(self, existing: Sequence[ScaleSetRef]) -> Iterator[PlanStep]:
        for ref in existing:
            if ref.name in self._named or self._settings.controller in owners(ref.labels):
                continue
            whose = "the original's, and not configured here" if is_originals(ref.labels) else "not ours"
            if others := owners(ref.labels):
                whose = f"of controller {others[0]}"
            yield PlanStep(verb=Verb.LEAVE, what=SCALE_SET, name=ref.name, text=f"{whose}; it is left alone")

    def _tasks(self, tasks: Sequence[Task]) -> Iterator[PlanStep]:
        adopted = Counter(t.scale_set for t in tasks if t.controller is None and t.scale_set in self._named)
        kept = Counter(t.scale_set for t in tasks if t.controller == self._settings.controller)
        for name, count in sorted((name, count) for name, count in adopted.items() if name):
            text = f"{count} of the original, taken over; each is assumed busy until it is known"
            yield PlanStep(verb=Verb.ADOPT, what=TASKS, name=name, text=text)
        for name, count in sorted((name, count) for name, count in kept.items() if name):
            yield PlanStep(verb=Verb.KEEP, what=TASKS, name=name, text=f"{count} of ours go on")
        left = len(tasks) - sum(adopted.values()) - sum(kept.values())
        if left:
            where = self._settings.cluster
            yield PlanStep(verb=Verb.LEAVE, what=TASKS, name=where, text=f"{left} of others, left alone")

    @property
    def _named(self) -> set[str]:
        return {spec.name for spec in self._settings.scale_sets}

    # --- telling ---------------------------------------------------------------------------------------------------

    async def _try(self, area: str, looking: Awaitable[T]) -> T | None:
        """What it gives; None, and a finding, when it fails."""
        try:
            return await looking
        except ArcdeckError as error:
            self._find(area, Verdict.PROBLEM, str(error))
            return None

    def _well(self, area: str, text: str) -> None:
        self._find(area, Verdict.WELL, text)

    def _find(self, area: str, verdict: Verdict, text: str, remedy: str = "") -> None:
        self._findings.append(Finding(area=area, verdict=verdict, text=text, remedy=remedy))


def summary(plan: Iterable[PlanStep]) -> str:
    """A plan in one sentence: ``create 3 scale sets; adopt 48 task definitions``; what is kept is not told."""
    kinds = Counter((step.verb, step.what) for step in plan if step.verb is not Verb.KEEP)
    parts = [f"{verb} {counted(number, what.removesuffix('s'))}" for (verb, what), number in kinds.items()]
    return "; ".join(parts) or "nothing changes"


def counted(number: int, thing: str) -> str:
    """``1 task``, ``2 tasks``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _told(names: Sequence[str]) -> str:
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
    return ", ".join(names[:TOLD]) + more


def _may_be_busy(task: Task) -> bool:
    return task.status is TaskStatus.RUNNING
