"""The fleet under any order of facts: our own calls, job messages and looks at ECS, early, late, twice or never.

What is told is consistent with one world, as GitHub and ECS are: a name has one task, a job runs on one runner at most
and ends once. All that is free is when, how often and in which order anybody hears of it.
"""

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from core.domain.messages import Registration
from core.domain.runner import Phase
from core.domain.scale_set import Limits
from core.domain.scaling import SLOT_RELEASE_AFTER, supply_of
from core.domain.task import Described, Task, TaskStatus
from core.engine.fleet import Fleet
from core.engine.roster import Change
from core.engine.times import Times
from tests.builders import a_job, a_task, job_completed, job_started
from tests.fakes.clock import ManualClock

SCALE_SETS = ("small", "large")
#: Runners that somebody may speak of, and jobs they may have.
NUMBERS = st.integers(0, 7)
JOBS = st.integers(0, 5)
STATUSES = st.sampled_from(TaskStatus)


def name_of(number: int) -> str:
    return f"{SCALE_SETS[number % 2]}-{number:08x}"


def arn_of(number: int) -> str:
    return f"arn:task/{number}"


def a_task_of(number: int, status: TaskStatus, **facts: object) -> Task:
    name = name_of(number)
    return a_task(status, arn=arn_of(number), runner_name=name, scale_set=SCALE_SETS[number % 2], **facts)


class FleetMachine(RuleBasedStateMachine):
    """A fleet, and the truth about the jobs it hears of."""

    reserved = Bundle("reserved")

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.fleet = Fleet(Times(self.clock))
        self.fleet.watchers.append(self.stepped)
        self.told: list[Change] = []
        self.runner_of_job: dict[int, int] = {}
        self.over: set[int] = set()
        self.fresh = count(100)

    def stepped(self, change: Change) -> None:
        """Nobody is told of a step that no runner may take, or that did not begin where the last one ended."""
        before, after = change.before, change.after
        if before is not None:
            assert before.name == after.name
            assert before.phase is after.phase or before.can_become(after.phase), f"{before.phase} → {after.phase}"
        self.told.append(change)

    # --- our own calls ---------------------------------------------------------------------------------------------

    @rule(target=reserved, large=st.booleans())
    def reserve(self, large: bool) -> int:
        number = 2 * next(self.fresh) + large
        self.fleet.reserve(SCALE_SETS[large], name_of(number))
        return number

    @rule(number=reserved | NUMBERS)
    def registered(self, number: int) -> None:
        self.fleet.registered(name_of(number), 1000 + number)

    @rule(number=reserved)
    def accepted(self, number: int) -> None:
        self.fleet.add_idle(name_of(number), arn_of(number))

    @rule(number=reserved | NUMBERS)
    def mark_busy(self, number: int) -> None:
        self.fleet.mark_busy(name_of(number))

    @rule(number=reserved | NUMBERS)
    def mark_done(self, number: int) -> None:
        self.fleet.mark_done(name_of(number))

    @rule(number=reserved | NUMBERS)
    def stopping(self, number: int) -> None:
        self.fleet.stopping(name_of(number), "ecs-arc: stuck", "reaper")

    @rule(number=reserved | NUMBERS)
    def draining(self, number: int) -> None:
        self.fleet.draining(name_of(number), "surplus", "reaper")

    @rule(number=reserved | NUMBERS)
    def end(self, number: int) -> None:
        known = self.fleet.get(name_of(number))
        ended = self.fleet.end(name_of(number))
        assert (ended is None) == (known is None)
        assert self.fleet.get(name_of(number)) is None

    @rule(number=reserved)
    def release(self, number: int) -> None:
        runner = self.fleet.get(name_of(number))
        if runner is not None and runner.phase is Phase.RESERVED:
            self.fleet.release(name_of(number))
            assert self.fleet.get(name_of(number)) is None

    # --- looks at ECS and GitHub -----------------------------------------------------------------------------------

    @rule(number=NUMBERS, status=STATUSES)
    def adopt(self, number: int, status: TaskStatus) -> None:
        task = a_task_of(number, status)
        if self.fleet.by_arn(task.arn) or self.fleet.get(name_of(number)) or status.ended:
            return  # the watcher does not
        self.fleet.adopt(task, SCALE_SETS[number % 2], name_of(number))
        assert self.fleet.by_arn(task.arn) is not None

    @rule(number=reserved | NUMBERS, status=STATUSES, to_stop=st.booleans())
    def observe(self, number: int, status: TaskStatus, to_stop: bool) -> None:
        known = self.fleet.get(name_of(number))
        ended = self.fleet.observe(a_task_of(number, status, desired_stopped=to_stop))
        assert (ended is not None) == (known is not None and status.ended)

    @rule(numbers=st.sets(NUMBERS), statuses=st.lists(STATUSES, min_size=8, max_size=8), lost=st.sets(NUMBERS))
    def observe_all(self, numbers: set[int], statuses: list[TaskStatus], lost: set[int]) -> None:
        tasks = tuple(a_task_of(number, statuses[number]) for number in sorted(numbers - lost))
        before = {runner.name for runner in self.fleet.live()}
        ended = self.fleet.observe_all(Described(tasks, tuple(map(arn_of, sorted(lost)))), before)
        names = [runner.name for runner in ended]
        assert len(names) == len(set(names))
        assert all(self.fleet.get(name) is None for name in names)

    @rule(number=reserved | NUMBERS, listed=st.booleans(), online=st.booleans(), busy=st.booleans())
    def listed(self, number: int, listed: bool, online: bool, busy: bool) -> None:
        registration = Registration(1000 + number, name_of(number), online, busy) if listed else None
        self.fleet.listed(name_of(number), registration)

    # --- job messages ----------------------------------------------------------------------------------------------

    @rule(job=JOBS, number=reserved | NUMBERS)
    def job_started(self, job: int, number: int) -> None:
        """GitHub has put a job on a runner, and says so now or again, perhaps long after it was over."""
        number = self.runner_of_job.setdefault(job, number)
        before = self.fleet.get(name_of(number))
        learned = self.fleet.job_started(SCALE_SETS[number % 2], job_started(name_of(number), a_job(f"job-{job}")))
        present = self.fleet.get(name_of(number))
        if job in self.over:
            assert learned is None
            assert present == before
        elif before is not None and before.can_become(Phase.BUSY):
            assert present is not None
            assert present.phase is Phase.BUSY

    @precondition(lambda self: self.runner_of_job)
    @rule(data=st.data())
    def job_completed(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(sorted(self.runner_of_job)))
        name = name_of(self.runner_of_job[job])
        self.over.add(job)
        self.fleet.job_completed(job_completed(name, a_job(f"job-{job}")))
        runner = self.fleet.get(name)
        assert runner is None or runner.phase not in {Phase.IDLE, Phase.LAUNCHING, Phase.BUSY, Phase.DRAINING}

    @rule(job=JOBS)
    def taken_back(self, job: int) -> None:
        """A job that no runner had is cancelled or given out anew; it may start later under the same id."""
        if job not in self.runner_of_job:
            self.fleet.job_completed(job_completed("", a_job(f"job-{job}"), runner_id=0, result="canceled"))

    @rule(seconds=st.sampled_from((1.0, 59.0, 61.0, 299.0, 601.0)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    # --- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_counted_twice(self) -> None:
        live = self.fleet.live()
        names, arns = [r.name for r in live], [r.task_arn for r in live if r.task_arn]
        assert len(names) == len(set(names))
        assert len(arns) == len(set(arns))
        assert sorted(names) == sorted(r.name for scale_set in SCALE_SETS for r in self.fleet.live(scale_set))

    @invariant()
    def every_way_to_find_a_runner_finds_the_same(self) -> None:
        for runner in self.fleet.live():
            assert self.fleet.get(runner.name) is runner
            assert not runner.task_arn or self.fleet.by_arn(runner.task_arn) is runner
            assert runner in self.fleet.live(runner.scale_set)

    @invariant()
    def whoever_has_ended_is_gone(self) -> None:
        for runner in self.fleet.ended():
            assert runner.phase is Phase.ENDED
            present = self.fleet.by_arn(runner.task_arn)
            assert present is None or present.phase is not Phase.ENDED

    @invariant()
    def occupied_is_who_lives_within_the_release_time(self) -> None:
        now = self.clock.monotonic()
        for scale_set in SCALE_SETS:
            live = self.fleet.live(scale_set)
            released = [
                runner
                for runner in live
                if runner.phase in {Phase.FINISHING, Phase.STOPPING} and now - runner.since > SLOT_RELEASE_AFTER
            ]
            supply = supply_of(live, Limits(), now)
            assert supply.occupied == len(live) - len(released)
            assert 0 <= supply.usable <= supply.occupied

    @invariant()
    def a_job_that_is_over_keeps_nobody_busy(self) -> None:
        for runner in self.fleet.live():
            if runner.phase is Phase.BUSY and runner.job is not None:
                assert runner.job.id not in {f"job-{job}" for job in self.over}

    @invariant()
    def every_step_was_told(self) -> None:
        last = {change.after.name: change.after for change in self.told}
        for runner in self.fleet.live():
            assert last[runner.name].phase is runner.phase


TestFleet = FleetMachine.TestCase
TestFleet.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
