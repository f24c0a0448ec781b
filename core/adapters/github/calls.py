"""Every call of the adapter, in one table: what counts as its success, and what its failures mean.

Two questions decide about a failed call, and each row answers both. May the same request be sent again
(``repeat``)? Could it have been carried out although no answer came (``changes``)? Registering a runner and opening a
session are never sent twice: a second runner of that name, or a session that conflicts with itself, would follow
(github-scale-set-api.md sections 4.6 and 10, row 28). Whoever asked for those knows what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.errors import (
    ArcdeckError,
    ConfigurationError,
    PermissionDenied,
    RunnerNotFound,
    ScaleSetNotFound,
    SessionConflict,
    SessionGone,
)

_OK = frozenset({200})
_CREATED = frozenset({201})
_OK_OR_CREATED = frozenset({200, 201})
_NO_CONTENT = frozenset({204})
_ANY_SUCCESS = frozenset(range(200, 300))


class Budget(StrEnum):
    """The rate limits of the REST API that are counted apart (section 6.6)."""

    APP = "app"  #: asked as the App itself
    REGISTRATION = "registration"  #: registering runners: 10,000 an hour
    CORE = "core"  #: everything else an installation or a person asks


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of request."""

    operation: str  #: its name in metrics and messages
    ok: frozenset[int]  #: the status codes that are its success
    changes: bool = True  #: False: nothing is lost or doubled when its answer is lost
    repeat: bool = True  #: False: sent once, whatever happens
    also_repeated_on: frozenset[int] = frozenset()  #: status codes retried beside 429 and 5xx
    budget: Budget | None = None  #: None: the Actions service, which has no REST rate limit
    missing: type[ArcdeckError] | None = None  #: what 404 and 410 mean when no exception is named
    conflict: type[ArcdeckError] | None = None  #: what 409 means when no exception is named
    hint: str = ""  #: how a person mends 401, 403 and 404
    seconds: float = 60.0  #: for one attempt, from connecting to the end of the answer
    poll: bool = False  #: held open by the server: has a pool of its own


_RUNNER_PERMISSION = (
    'an App needs the organization permission "Self-hosted runners: read and write" (for a repository, '
    '"Administration: read and write"); a token needs admin:org, repo or manage_runners:enterprise'
)

INSTALLATION_TOKEN = Call(
    "installation_token",
    _CREATED,
    changes=False,
    budget=Budget.APP,
    missing=ConfigurationError,
    hint="check the App's client id, its installation id, its private key and this machine's clock",
)
REGISTRATION_TOKEN = Call(
    "registration_token",
    _CREATED,
    changes=False,
    budget=Budget.REGISTRATION,
    missing=PermissionDenied,
    hint=_RUNNER_PERMISSION,
)
# A registration token may take seconds to be known everywhere: 401 and 403 are waited out (section 2.5).
ADMIN_CONNECTION = Call(
    "admin_connection",
    _ANY_SUCCESS,
    changes=False,
    also_repeated_on=frozenset({401, 403}),
    budget=Budget.REGISTRATION,
    hint=_RUNNER_PERMISSION,
)

RUNNER_GROUP = Call("runner_group", _OK, changes=False)
GET_SCALE_SET = Call("get_scale_set", _OK, changes=False)
LIST_SCALE_SETS = Call("list_scale_sets", _OK, changes=False)
CREATE_SCALE_SET = Call("create_scale_set", _OK_OR_CREATED)
UPDATE_SCALE_SET = Call("update_scale_set", _OK, missing=ScaleSetNotFound)
DELETE_SCALE_SET = Call("delete_scale_set", _NO_CONTENT, missing=ScaleSetNotFound)

GENERATE_JIT_CONFIG = Call("generate_jit_config", _OK_OR_CREATED, repeat=False, missing=ScaleSetNotFound)
GET_RUNNER_BY_NAME = Call("get_runner_by_name", _OK, changes=False)
# No ``missing``: a router's 404 must not pass for a registration that is gone. The exception's name is the proof.
REMOVE_RUNNER = Call("remove_runner", _NO_CONTENT)

CREATE_SESSION = Call(
    "create_session", _OK_OR_CREATED, repeat=False, missing=ScaleSetNotFound, conflict=SessionConflict
)
# Sent once and briefly: a session that is not polled for a minute expires, so the next poll must not wait for long.
REFRESH_SESSION = Call("refresh_session", _OK, repeat=False, missing=SessionGone, seconds=20.0)
DELETE_SESSION = Call("delete_session", _NO_CONTENT, missing=SessionGone)

# The listener repeats its polls itself; GitHub holds one for 50 s, 88 s were seen (section 5.5).
GET_MESSAGE = Call("get_message", frozenset({200, 202, 204}), repeat=False, seconds=90.0, poll=True)
DELETE_MESSAGE = Call("delete_message", frozenset({204, 404, 410}))
ACQUIRE_JOBS = Call("acquire_jobs", _OK)

LIST_RUNNERS = Call(
    "list_runners", _OK, changes=False, budget=Budget.CORE, missing=PermissionDenied, hint=_RUNNER_PERMISSION
)
LIST_RUNNER_GROUPS = Call(
    "list_runner_groups", _OK, changes=False, budget=Budget.CORE, missing=PermissionDenied, hint=_RUNNER_PERMISSION
)
REMOVE_RUNNER_BY_REST = Call(
    "remove_runner", _NO_CONTENT, repeat=False, budget=Budget.CORE, missing=RunnerNotFound, hint=_RUNNER_PERMISSION
)
