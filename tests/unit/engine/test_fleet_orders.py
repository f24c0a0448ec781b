"""Facts may come in any order, twice, or never: whatever the fleet is told, it counts each runner once."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.runner import Phase
from core.domain.scale_set import Limits
from core.domain.scaling import supply_of
from core.domain.task import Described, Task, TaskStatus
from core.engine.fleet import Fleet
from core.engine.roster import Change
from core.engine.times import Times
from tests.builders import a_job, a_task, job_completed, job_started
from tests.fakes.clock import ManualClock

NAMES = tuple(f"small-0000000{number}" for number in range(3))
FOREVER = float("inf")


@dataclass
class Told:
    """A fleet, and what it has said of its runners' lives."""

    clock: ManualClock = field(default_factory=ManualClock)
    births: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fleet = Fleet(Times(self.clock))
        self.fleet.watchers.append(self._changed)

    def _changed(self, change: Change) -> None:
        if change.before is None:
            self.births.append(change.after.name)
        if change.after.phase is Phase.ENDED:
            self.ends.append(change.after.name)

    @property
    def ever(self) -> set[str]:
        """Names that were in the fleet once; a name is used once."""
        return set(self.births)


#: Told to a fleet about one name.
Fact = Callable[[Told, str], object]


def task(name: str, status: TaskStatus) -> Task:
    return a_task(status, arn=f"arn:{name}", runner_name=name)


# --- all that can be told ------------------------------------------------------------------------------------------


def reserve(told: Told, name: str) -> None:
    if name not in told.ever:
        told.fleet.reserve("small", name)


def give_up(told: Told, name: str) -> None:
    runner = told.fleet.get(name)
    if runner is not None and runner.phase is Phase.RESERVED:
        told.fleet.end(name, "RunTask refused")


def adopt(status: TaskStatus) -> Fact:
    def adopted(told: Told, name: str) -> None:
        if name not in told.ever:
            told.fleet.adopt(task(name, status), "small", name)

    return adopted


def seen(status: TaskStatus) -> Fact:
    return lambda told, name: told.fleet.observe(task(name, status))


def missed(told: Told, name: str) -> None:
    """A complete look calls this one's task MISSING and shows all others running."""
    others = tuple(task(other, TaskStatus.RUNNING) for other in NAMES if other != name)
    told.fleet.observe_all(Described(others, (f"arn:{name}",)), NAMES)


def later(seconds: float) -> Fact:
    return lambda told, _: told.clock.advance(seconds)


FACTS: dict[str, Fact] = {
    "reserve": reserve,
    "give up": give_up,
    "registered": lambda told, name: told.fleet.registered(name, 7),
    "RunTask answered": lambda told, name: told.fleet.add_idle(name, f"arn:{name}"),
    "job started": lambda told, name: told.fleet.job_started("small", job_started(name, a_job(name))),
    "job completed": lambda told, name: told.fleet.job_completed(job_completed(name, a_job(name))),
    "mark busy": lambda told, name: told.fleet.mark_busy(name),
    "mark done": lambda told, name: told.fleet.mark_done(name),
    "draining": lambda told, name: told.fleet.draining(name, "surplus", "reaper"),
    "stop asked": lambda told, name: told.fleet.stopping(name, "ecs-arc: stuck", "reaper"),
    "missed": missed,
    "a minute later": later(60),
    "six minutes later": later(360),
    "adopt PENDING": adopt(TaskStatus.PENDING),
    "adopt RUNNING": adopt(TaskStatus.RUNNING),
    **{f"seen {status}": seen(status) for status in TaskStatus},
}

histories = st.lists(st.tuples(st.sampled_from(sorted(FACTS)), st.sampled_from(NAMES)), max_size=40)


def tell(history: list[tuple[str, str]], check: Callable[[Told], None]) -> None:
    """Tell a new fleet all of a history, and check it after each fact."""
    told = Told()
    for fact, name in history:
        FACTS[fact](told, name)
        check(told)


@settings(deadline=None)
@given(histories)
def test_every_live_runner_is_counted_exactly_once(history: list[tuple[str, str]]) -> None:
    def check(told: Told) -> None:
        live = told.fleet.live("small")
        counted = supply_of(live, Limits(), told.clock.monotonic(), release_after=FOREVER)
        assert counted.occupied == len(live) == len({runner.name for runner in live}) <= len(NAMES)
        assert told.fleet.idle_count() <= told.fleet.count() <= len(live)
        assert told.fleet.snapshot().keys() <= {runner.name for runner in live}

    tell(history, check)


@settings(deadline=None)
@given(histories)
def test_a_runner_is_born_once_and_ends_once(history: list[tuple[str, str]]) -> None:
    def check(told: Told) -> None:
        assert len(told.births) == len(set(told.births))
        assert len(told.ends) == len(set(told.ends))
        assert {runner.name for runner in told.fleet.live()} == set(told.births) - set(told.ends)

    tell(history, check)


@settings(deadline=None)
@given(histories)
def test_no_runner_is_busy_with_a_job_that_is_over(history: list[tuple[str, str]]) -> None:
    over: set[str] = set()

    def check(told: Told) -> None:
        for runner in told.fleet.live():
            assert not (runner.phase is Phase.BUSY and runner.job is not None and runner.job.id in over)

    told = Told()
    for fact, name in history:
        FACTS[fact](told, name)
        if fact == "job completed":
            over.add(name)
        check(told)


@settings(deadline=None)
@given(histories)
def test_a_fact_told_twice_in_a_row_changes_nothing_the_second_time(history: list[tuple[str, str]]) -> None:
    told = Told()
    for fact, name in history:
        FACTS[fact](told, name)
        if fact.endswith("later"):
            continue
        before = (told.fleet.live(), told.fleet.ended())
        FACTS[fact](told, name)
        assert (told.fleet.live(), told.fleet.ended()) == before
