"""One GitHub without HTTP, for tests of the state behind the service."""

from core.world.github import GitHubWorld, Label, ScaleSetRecord, Timings
from core.world.github.mailbox import OpenPoll
from core.world.github.scale_sets import ScaleSetChange
from core.world.github.service import ScaleSetService
from core.world.github.settings import Flow
from tests.unit.world.github_support import world


def state_of(github: GitHubWorld) -> ScaleSetService:
    """Return the state behind a GitHub; only tests of that state look there."""
    return github._service


class Stage:
    """One GitHub with one scale set, whose poll is open."""

    def __init__(self, *, flow: Flow = "broker", timings: Timings | None = None, capacity: int = 10) -> None:
        self.github = world(flow=flow, timings=timings)
        self.service = state_of(self.github)
        self.scale_set = self.add("small")
        self.poll(capacity)

    def add(self, name: str, *labels: str) -> ScaleSetRecord:
        change = ScaleSetChange(name=name, labels=tuple(Label(label) for label in (name, *labels)))
        return self.service.registry.create(change)

    def poll(self, capacity: int) -> OpenPoll:
        poll = OpenPoll(capacity, 0, lambda: None)
        self.service.open_poll(self.scale_set, poll)
        return poll

    def runner(self, name: str = "small-0a1b2c3d") -> int:
        """Register a runner and bring it online; return its id."""
        _, jit = self.service.pool.register(self.scale_set, name, "_work")
        return self.github.connect(jit.encoded).id

    def told(self) -> list[tuple[str, object]]:
        """Return kind and result of everything the scale set has not acknowledged, and acknowledge it."""
        seen: list[tuple[str, object]] = []
        while (message := self.scale_set.mailbox.next_message(0)) is not None:
            seen += [(entry.kind, entry.fields.get("result")) for entry in message.entries]
            self.scale_set.mailbox.delete(message.id)
        return seen

    def assigned(self) -> int:
        return self.github.statistics(self.scale_set.id)["totalAssignedJobs"]
