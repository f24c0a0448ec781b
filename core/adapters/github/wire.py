"""The shapes of GitHub's answers (github-scale-set-api.md sections 2 to 5 and 8).

Unknown fields are ignored, and null is the same as absent. Keys match in any case and with or without underscores:
the REST API writes ``expires_at``, the Actions service ``runnerRequestId``, and one of its keys occurs as
``RunnerSetting`` and as ``runnerSetting`` (section 6.7). Nearly everything is optional; required is only what absence
would turn into a claim: the length of a list, the list itself.
"""

from collections.abc import Mapping
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from core.adapters.github.lenient import NOTHING_HIDDEN, Address, Flag, Hidden, Moment, Number, Raw, Text
from core.domain.messages import (
    Job,
    JobMessage,
    JobMessageKind,
    Registration,
    RunnerRef,
    ScaleSetRef,
    Statistics,
)

#: The one type of envelope there is (section 5.6).
JOB_MESSAGES = "RunnerScaleSetJobMessages"

_NO_SESSION = "00000000-0000-0000-0000-000000000000"
_KINDS = {kind.value: kind for kind in JobMessageKind}


def _squeezed(key: str) -> str:
    return key.replace("_", "").lower()


class Wire(BaseModel):
    """Base of all shapes."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=_squeezed, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        return {_squeezed(str(key)): value for key, value in data.items() if value is not None}


AnyWire = TypeVar("AnyWire", bound=Wire)


class Listing(Wire, Generic[AnyWire]):
    """Any list of the Actions service."""

    count: int
    value: tuple[AnyWire, ...] = ()


class Token(Wire):
    """E1 and E2: an installation token or a registration token."""

    token: Hidden = NOTHING_HIDDEN
    expires_at: Moment = None


class AdminGrant(Wire):
    """E3: where the Actions service is, and the way in."""

    url: Address = ""
    token: Hidden = NOTHING_HIDDEN


class Label(Wire):
    """A label of a scale set or of a runner; only its name matters."""

    name: Text = ""


class RunnerGroup(Wire):
    """E10: a runner group."""

    id: Number = 0


class Counters(Wire):
    """Section 5.7: the statistics of a scale set."""

    total_available_jobs: Number = 0
    total_acquired_jobs: Number = 0
    total_assigned_jobs: Number = 0
    total_running_jobs: Number = 0
    total_registered_runners: Number = 0
    total_busy_runners: Number = 0
    total_idle_runners: Number = 0

    def statistics(self) -> Statistics:
        """As the domain knows them."""
        return Statistics(
            available=self.total_available_jobs,
            acquired=self.total_acquired_jobs,
            assigned=self.total_assigned_jobs,
            running=self.total_running_jobs,
            registered=self.total_registered_runners,
            busy=self.total_busy_runners,
            idle=self.total_idle_runners,
        )


class ScaleSet(Wire):
    """E4 to E8: a scale set."""

    id: Number = 0
    name: Text = ""
    runner_group_id: Number = 1
    labels: tuple[Label, ...] = ()
    statistics: Counters | None = None

    def ref(self) -> ScaleSetRef:
        """As the domain knows it."""
        labels = tuple(label.name for label in self.labels)
        counted = self.statistics.statistics() if self.statistics else None
        return ScaleSetRef(self.id, self.name, self.runner_group_id, labels, counted)


class Runner(Wire):
    """E11 and E13: a runner registration of the Actions service."""

    id: Number = 0
    name: Text = ""
    runner_scale_set_id: Number = 0

    def ref(self) -> RunnerRef:
        """As the domain knows it."""
        return RunnerRef(id=self.id, name=self.name, scale_set_id=self.runner_scale_set_id)


class GeneratedJitConfig(Wire):
    """E11: the credential of one runner, and its registration."""

    runner: Runner = Runner()
    encoded_jit_config: Hidden = NOTHING_HIDDEN


class Session(Wire):
    """E15 and E16: a message session. The queue's address may hold a signature, and is never shown."""

    session_id: Text = ""
    message_queue_url: Address = ""
    message_queue_access_token: Hidden = NOTHING_HIDDEN
    statistics: Counters | None = None

    @property
    def id(self) -> str:
        """The session's UUID; empty when there is no session (section 10, row 3)."""
        return "" if self.session_id == _NO_SESSION else self.session_id


class Acquired(Wire):
    """E20: the job requests that were won."""

    value: tuple[Number, ...]  # an answer that leaves it out has not answered


class RunnerPageEntry(Wire):
    """E22: a runner of the REST list."""

    id: Number = 0
    name: Text = ""
    status: Text = ""
    busy: Flag = False
    labels: tuple[Label, ...] = ()

    def registration(self) -> Registration:
        """As the domain knows it."""
        labels = tuple(label.name for label in self.labels)
        return Registration(self.id, self.name, online=self.status == "online", busy=self.busy, labels=labels)


class RunnerPage(Wire):
    """E22: one page of the REST list."""

    runners: tuple[RunnerPageEntry, ...]


class RunnerGroupEntry(Wire):
    """A runner group as the REST API has it (docs.github.com, REST, self-hosted runner groups)."""

    name: Text = ""
    allows_public_repositories: Flag = False


class RunnerGroupPage(Wire):
    """The first page of runner groups, which holds more than anybody makes."""

    runner_groups: tuple[RunnerGroupEntry, ...]


class Envelope(Wire):
    """Section 5.6: what a poll brings; ``body`` is JSON text inside of JSON."""

    message_id: Number = 0
    message_type: Text = ""
    body: Raw = ""
    statistics: Counters | None = None


class JobEntry(Wire):
    """Section 5.8: one job message; the fields that its kind does not have stay empty."""

    message_type: Text = ""
    runner_request_id: Number = 0
    job_id: Text = ""
    job_display_name: Text = ""
    job_workflow_ref: Text = ""
    owner_name: Text = ""
    repository_name: Text = ""
    workflow_run_id: Number = 0
    event_name: Text = ""
    queue_time: Moment = None
    scale_set_assign_time: Moment = None
    runner_assign_time: Moment = None
    finish_time: Moment = None
    result: Text = ""
    runner_id: Number = 0
    runner_name: Text = ""

    def job_message(self) -> JobMessage | None:
        """As the domain knows it; None for a kind that it does not know."""
        kind = _KINDS.get(self.message_type)
        if kind is None:
            return None
        return JobMessage(
            kind=kind,
            job=self._job(),
            runner_id=self.runner_id,
            runner_name=self.runner_name,
            result=self.result,
            assigned_to_runner_at=self.runner_assign_time,
            finished_at=self.finish_time,
        )

    def _job(self) -> Job:
        return Job(
            id=self.job_id,
            request_id=self.runner_request_id,
            name=self.job_display_name,
            repository="/".join(part for part in (self.owner_name, self.repository_name) if part),
            workflow=self.job_workflow_ref,
            run_id=self.workflow_run_id,
            event=self.event_name,
            queued_at=self.queue_time,
            assigned_at=self.scale_set_assign_time,
        )
