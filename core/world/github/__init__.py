"""A GitHub for runners, over real HTTP: the scale-set service with its queue, and the REST API beside it.

Written after github-scale-set-api.md, whose sections the modules cite. The state (`service` and the registries it owns)
is synchronous and knows no HTTP; the `*_api` modules put it on the wire behind `edge` and `gate`; `world` is the whole,
and the only thing to make.
"""

from core.world.github.controls import Controls
from core.world.github.edge import Call
from core.world.github.mailbox import Entry, EntryKind
from core.world.github.records import Job, JobPhase, Label, RunnerGroup, RunnerRecord, ScaleSetRecord, Session
from core.world.github.refusals import RunnerRefused, ServiceRefusal
from core.world.github.runners import RemovedBy
from core.world.github.settings import Credentials, Flow, Quirks, RateLimits, Timings
from core.world.github.tokens import TokenKind
from core.world.github.world import GitHubWorld

__all__ = [
    "Call",
    "Controls",
    "Credentials",
    "Entry",
    "EntryKind",
    "Flow",
    "GitHubWorld",
    "Job",
    "JobPhase",
    "Label",
    "Quirks",
    "RateLimits",
    "RemovedBy",
    "RunnerGroup",
    "RunnerRecord",
    "RunnerRefused",
    "ScaleSetRecord",
    "ServiceRefusal",
    "Session",
    "Timings",
    "TokenKind",
]
