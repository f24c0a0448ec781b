"""The driver of every task's life: which state comes next, when, and what is written down on the way.

The course of a task is a generator that yields the seconds to wait before its next step; the driver holds one course
and at most one timer for each task. What happens to a task from outside (StopTask, an exit, a lost host) replaces its
course by another, so no two of them ever move the same task. Timers run on the loop's time.

The observers are told after the step that they are told about is complete, and last in it: they may call back into the
driver at once. Source of the states and their moments: ecs-api.md section A5.
"""

import asyncio
import math
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass

from core.world.clock import WorldClock
from core.world.ecs.mishaps import FailedStart, Stuck
from core.world.ecs.names import ec2_instance_id
from core.world.ecs.pace import Pace
from core.world.ecs.states import GOING_DOWN, TaskState
from core.world.ecs.tasks import ContainerState, EcsTask

Course = Generator[float, None, None]
Observer = Callable[[EcsTask], None]

ENDED_BY_SIGTERM = 143
ENDED_BY_SIGKILL = 137

_HELD = math.inf


@dataclass(frozen=True, slots=True)
class Observers:
    """Who is told when a task runs, gets its stop signal, and is STOPPED."""

    running: Observer
    stop_signal: Observer
    stopped: Observer


class Lifecycle:
    """Moves tasks through their states at `pace`, with jitter drawn from `rng`."""

    def __init__(self, clock: WorldClock, rng: random.Random, pace: Pace, observers: Observers) -> None:
        self.pace = pace
        self._clock = clock
        self._rng = rng
        self._observers = observers
        self._courses: dict[EcsTask, Course] = {}
        self._timers: dict[EcsTask, asyncio.TimerHandle] = {}

    def begin(self, task: EcsTask) -> None:
        """Let a task that was just accepted go its way."""
        self._follow(task, self._way_up(task))

    def stop(self, task: EcsTask, *, code: str, reason: str | None) -> None:
        """Ask a task to stop; nothing happens when that was asked before."""
        if task.desired_status is TaskState.STOPPED:
            return
        self._condemn(task, code, reason)
        self._follow(task, self._way_down(task))

    def exit(self, task: EcsTask, exit_code: int, *, container: str, reason: str | None) -> None:
        """Let a container end by itself, for a reason that ECS shows on it; nothing happens when it is not running.

        The end of an essential one is the end of the task. Raises KeyError for an unknown container.
        """
        ended = task.container(container)
        if not ended.is_running:
            return
        ended.end(exit_code, reason)
        task.version += 1
        if not ended.essential:
            return
        if task.desired_status is TaskState.RUNNING:
            self._condemn(task, "EssentialContainerExited", "Essential container in task exited")
            self._follow(task, self._way_down(task))
        elif task.signalled:
            self._follow(task, self._after_the_signal(task))

    def interrupt_spot(self, task: EcsTask) -> None:
        """Take a Spot task away: the stop signal at once, the kill when its stop timeout has passed."""
        if task.desired_status is TaskState.RUNNING:
            self._condemn(task, "SpotInterruption", "Your Spot Task was interrupted.")
            self._follow(task, self._interruption(task))

    def lose_host(self, task: EcsTask) -> None:
        """Let the host die with the task: STOPPED at once, and no exit code left behind."""
        if task.is_stopped:
            return
        if task.desired_status is TaskState.RUNNING:
            host = ec2_instance_id(task.placement.pool)
            self._condemn(task, "TerminationNotice", f"Host EC2 (instance {host}) terminated.")
        was_running = bool(task.running_containers)
        self._drop_course(task)
        self._finish(task)
        if was_running:
            self._observers.stop_signal(task)

    def release(self, task: EcsTask) -> None:
        """Let a stuck task go on; nothing happens to one that is not held."""
        if isinstance(task.mishap, Stuck):
            task.mishap = None
        if task in self._courses and task not in self._timers:
            self._advance(task)

    def close(self) -> None:
        """Drop every timer: time stands still for all tasks."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._courses.clear()

    def _follow(self, task: EcsTask, course: Course) -> None:
        self._drop_course(task)
        self._courses[task] = course
        self._advance(task)

    def _drop_course(self, task: EcsTask) -> None:
        self._courses.pop(task, None)
        if (timer := self._timers.pop(task, None)) is not None:
            timer.cancel()

    def _advance(self, task: EcsTask) -> None:
        self._timers.pop(task, None)
        course = self._courses[task]
        wait = next(course, None)
        if self._courses.get(task) is not course:
            return  # an observer gave the task another course meanwhile
        if wait is None:
            del self._courses[task]
        elif wait != _HELD:
            self._timers[task] = asyncio.get_running_loop().call_later(wait, self._advance, task)

    def _way_up(self, task: EcsTask) -> Course:
        if task.last_status is TaskState.PROVISIONING:
            yield from self._stay(task, self.pace.provisioning)
            if _fails_here(task):
                yield from self._failed_start(task)
                return
            self._enter(task, TaskState.PENDING)
        yield from self._pull(task)
        if _fails_here(task):
            yield from self._failed_start(task)
            return
        task.pull_stopped_at = self._clock.now()
        yield self._drawn(self.pace.creating)
        self._enter(task, TaskState.ACTIVATING)
        yield from self._stay(task, self.pace.activating)
        for container in task.containers:
            container.start()
        task.started_at = self._clock.now()
        self._enter(task, TaskState.RUNNING)
        self._observers.running(task)

    def _pull(self, task: EcsTask) -> Course:
        yield from self._stay(task, self.pace.connecting)
        task.connectivity_at = self._clock.now()
        task.version += 1
        yield self._drawn(self.pace.preparing)
        task.pull_started_at = self._clock.now()
        yield self._drawn(self.pace.pulling)

    def _failed_start(self, task: EcsTask) -> Course:
        reason = task.mishap.reason if isinstance(task.mishap, FailedStart) else ""
        self._condemn(task, "TaskFailedToStart", reason)
        for container in task.containers:
            container.end(None, reason if task.last_status is TaskState.PENDING else None)
        yield from self._wind_down(task)

    def _way_down(self, task: EcsTask) -> Course:
        yield self._drawn(self.pace.noticing)
        if task.last_status in (TaskState.ACTIVATING, TaskState.RUNNING):
            self._enter(task, TaskState.DEACTIVATING)
            yield from self._stay(task, self.pace.deactivating)
        if task.last_status is TaskState.PROVISIONING:
            yield from self._wind_down(task)
            return
        self._enter(task, TaskState.STOPPING)
        yield from self._signal(task)
        yield from self._after_the_signal(task)

    def _interruption(self, task: EcsTask) -> Course:
        yield from self._signal(task)
        yield from self._after_the_signal(task)

    def _signal(self, task: EcsTask) -> Course:
        """Send the stop signal to what still runs, wait for it to end, and kill what has not."""
        if not task.running_containers:
            return
        patience, needed = task.stop_timeout, self._drawn(self.pace.stopping)
        task.signalled = True
        if all(container.is_running for container in task.containers if container.essential):
            self._observers.stop_signal(task)
        yield min(patience, needed)
        for container in task.running_containers:
            container.end(ENDED_BY_SIGTERM if needed < patience else ENDED_BY_SIGKILL)

    def _after_the_signal(self, task: EcsTask) -> Course:
        for container in task.running_containers:
            container.end(ENDED_BY_SIGTERM)
        if task.started_at is not None:
            task.execution_stopped_at = self._clock.now()
        if task.last_status is TaskState.RUNNING:
            self._enter(task, TaskState.DEACTIVATING)
            self._enter(task, TaskState.STOPPING)
        yield from self._stay(task, self.pace.reporting)
        yield from self._wind_down(task)

    def _wind_down(self, task: EcsTask) -> Course:
        if task.provisions:
            self._enter(task, TaskState.DEPROVISIONING)
            yield from self._stay(task, self.pace.deprovisioning)
        self._finish(task)

    def _stay(self, task: EcsTask, seconds: float) -> Course:
        """Stay in the task's present state for about so long, or until it is released if it is stuck there."""
        if isinstance(task.mishap, Stuck) and task.mishap.state is task.last_status:
            yield _HELD
        yield self._drawn(seconds)

    def _condemn(self, task: EcsTask, code: str, reason: str | None) -> None:
        task.desired_status = TaskState.STOPPED
        task.stop_code, task.stopped_reason = code, reason
        task.version += 1

    def _finish(self, task: EcsTask) -> None:
        for container in task.containers:
            if container.state is not ContainerState.STOPPED:
                container.end(None)
        task.stopped_at = self._clock.now()
        self._enter(task, TaskState.STOPPED)
        self._observers.stopped(task)

    def _enter(self, task: EcsTask, state: TaskState) -> None:
        if state in GOING_DOWN and task.stopping_at is None:
            task.stopping_at = self._clock.now()
        task.last_status = state
        task.version += 1

    def _drawn(self, seconds: float) -> float:
        return seconds * self._rng.uniform(1 - self.pace.jitter, 1 + self.pace.jitter)


def _fails_here(task: EcsTask) -> bool:
    """Whether the start fails now; a failure of provisioning strikes a task without that state while PENDING."""
    if not isinstance(task.mishap, FailedStart):
        return False
    return task.last_status is TaskState.PENDING or task.mishap.state is task.last_status
