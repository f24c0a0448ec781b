"""How records look on the wire: the JSON of the Actions service, of the queue and of the REST API.

Pure functions from records to plain values. Keys and their casing are the service's own (github-scale-set-api.md
sections 3.1, 4.3, 5 and 8.1).
"""

import json
from collections.abc import Iterable
from datetime import datetime

from core.world.github.mailbox import Entry, EntryKind, Message
from core.world.github.records import Job, Label, RunnerGroup, RunnerRecord, ScaleSetRecord, Session

NO_TIME = "0001-01-01T00:00:00Z"
"""What .NET writes for a time that is not set."""

MESSAGE_TYPE = "RunnerScaleSetJobMessages"
"""The only `messageType` of an envelope (section 5.6)."""

Json = dict[str, object]
"""A JSON object."""


def dotnet_time(moment: datetime | None) -> str:
    """Return an aware UTC time as .NET writes it, with seven fractional digits."""
    return NO_TIME if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"


def rest_time(moment: datetime) -> str:
    """Return an aware UTC time as the REST API writes it, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def listing(values: Iterable[object]) -> Json:
    """Return the service's form of a list."""
    value = list(values)
    return {"count": len(value), "value": value}


def label_json(label: Label) -> Json:
    """Return one label of a scale set."""
    return {"type": label.type, "name": label.name}


def group_json(group: RunnerGroup) -> Json:
    """Return a runner group."""
    return {"id": group.id, "name": group.name, "size": group.size, "isDefaultGroup": group.is_default}


def scale_set_json(scale_set: ScaleSetRecord, statistics: dict[str, int] | None, service_url: str) -> Json:
    """Return a scale set; `service_url` is the Actions service's own, ending in a slash."""
    jit_url = f"{service_url}_apis/runtime/runnerscalesets/{scale_set.id}/generatejitconfig"
    return {
        "id": scale_set.id,
        "name": scale_set.name,
        "runnerGroupId": scale_set.group.id,
        "runnerGroupName": scale_set.group.name,
        "labels": [label_json(label) for label in scale_set.labels],
        "RunnerSetting": {"disableUpdate": scale_set.disable_update},
        "createdOn": dotnet_time(scale_set.created_at),
        "runnerJitConfigUrl": jit_url,
        "statistics": statistics,
    }


def session_json(session: Session, scale_set: Json, queue_url: str, queue_token: str) -> Json:
    """Return a session; its statistics are those of the scale set."""
    return {
        "sessionId": session.id,
        "ownerName": session.owner,
        "runnerScaleSet": scale_set,
        "messageQueueUrl": queue_url,
        "messageQueueAccessToken": queue_token,
        "statistics": scale_set["statistics"],
    }


def runner_json(runner: RunnerRecord) -> Json:
    """Return a runner as the Actions service shows it."""
    return {
        "id": runner.id,
        "name": runner.name,
        "runnerScaleSetId": runner.scale_set_id,
        "runnerGroupId": runner.group_id,
        "createdOn": dotnet_time(runner.created_at),
        "status": "online" if runner.online else "offline",
        "enabled": True,
        "ephemeral": True,
        "disableUpdate": True,
        "busy": runner.busy,
    }


def rest_runner_json(runner: RunnerRecord, *, online: bool, busy: bool) -> Json:
    """Return a runner as the REST list shows it, which may differ from what is (section 8.2)."""
    return {
        "id": runner.id,
        "name": runner.name,
        "os": "linux",
        "status": "online" if online else "offline",
        "busy": busy,
        "ephemeral": True,
        "runner_group_id": runner.group_id,
        "labels": [{"id": 501 + n, "name": name, "type": "read-only"} for n, name in enumerate(runner.labels)],
    }


def job_entry(kind: EntryKind, job: Job, request_id: int | None = None) -> Entry:
    """Return what a scale set is told about a job, as the job stands now.

    `request_id` replaces the job's own: a broker sends 0 with JobAssigned (section 5.8).
    """
    fields: Json = {
        "messageType": kind.value,
        "runnerRequestId": job.request_id if request_id is None else request_id,
        "repositoryName": job.repository,
        "ownerName": job.owner,
        "jobWorkflowRef": job.workflow_ref,
        "jobDisplayName": job.name,
        "workflowRunId": job.run_id,
        "eventName": job.event,
        "requestLabels": list(job.labels),
        "queueTime": dotnet_time(job.queued_at),
        "scaleSetAssignTime": dotnet_time(job.assigned_at),
        "runnerAssignTime": dotnet_time(job.started_at),
        "finishTime": dotnet_time(job.finished_at),
    }
    if kind is not EntryKind.AVAILABLE:
        fields["jobId"] = job.id
    if kind in (EntryKind.STARTED, EntryKind.COMPLETED):
        fields |= {"runnerId": job.runner_id, "runnerName": job.runner_name}
    if kind is EntryKind.COMPLETED:
        fields["result"] = job.result
    return Entry(kind, fields)


def envelope_json(message: Message, statistics: dict[str, int], acquire_url: str) -> Json:
    """Return a message with the statistics of this moment; offers get the address to acquire at."""
    entries = [_entry_json(entry, acquire_url) for entry in message.entries]
    return {
        "messageId": message.id,
        "messageType": MESSAGE_TYPE,
        "body": json.dumps(entries, separators=(",", ":")) if entries else "",
        "statistics": statistics,
    }


def offer_json(job: Job, acquire_url: str) -> Json:
    """Return one item of the list of acquirable jobs (section 5.10, E21)."""
    return _entry_json(job_entry(EntryKind.AVAILABLE, job), acquire_url)


def statistics_json(scale_set: ScaleSetRecord, available: int) -> dict[str, int]:
    """Return the seven numbers of section 5.7, with those that a control has overridden."""
    idle = sum(runner.idle for runner in scale_set.runners.values())
    busy = sum(runner.busy for runner in scale_set.runners.values())
    counted = {
        "totalAvailableJobs": available,
        "totalAcquiredJobs": len(scale_set.acquired),
        "totalAssignedJobs": scale_set.load,
        "totalRunningJobs": len(scale_set.running),
        "totalRegisteredRunners": len(scale_set.runners),
        "totalBusyRunners": busy,
        "totalIdleRunners": idle,
    }
    return counted | scale_set.statistics_override


def _entry_json(entry: Entry, acquire_url: str) -> Json:
    if entry.kind == EntryKind.AVAILABLE:
        return {**entry.fields, "acquireJobUrl": acquire_url}
    return dict(entry.fields)
