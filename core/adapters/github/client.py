"""The scale-set service and the runner list of one config URL (port: ``ScaleSetClient``).

One client serves all scale sets of an owner: they share its credentials, its admin connection, its rate limits and its
connections, and none waits for another. The order of things within a scale set is its caller's; this client keeps no
state about scale sets or runners.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Self

from core.adapters.github.admin import AdminConnections
from core.adapters.github.agent import LISTENER, Agent
from core.adapters.github.auth import token_source
from core.adapters.github.calls import (
    CREATE_SCALE_SET,
    DELETE_SCALE_SET,
    GENERATE_JIT_CONFIG,
    GET_RUNNER_BY_NAME,
    GET_SCALE_SET,
    LIST_SCALE_SETS,
    REMOVE_RUNNER,
    RUNNER_GROUP,
    UPDATE_SCALE_SET,
)
from core.adapters.github.config_url import parse_config_url
from core.adapters.github.decode import decode, everything, odd, the_only
from core.adapters.github.rest import RunnersApi
from core.adapters.github.service import AGENTS, RUNNER_GROUPS, SCALE_SETS, ActionsService
from core.adapters.github.session import open_session
from core.adapters.github.transport import Transport
from core.adapters.github.wire import GeneratedJitConfig, Listing, Runner, RunnerGroup, ScaleSet
from core.domain.errors import ArcdeckError, Busy, ConfigurationError, Gone, ScaleSetNotFound, Unavailable
from core.domain.messages import JitConfig

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    import httpx

    from core.adapters.github.auth import Credentials
    from core.adapters.github.calls import Call
    from core.adapters.github.rate import RateLimit
    from core.adapters.github.reply import Reply
    from core.adapters.github.session import GitHubMessageSession
    from core.adapters.github.transport import OnCall
    from core.domain.messages import Registration, RunnerRef, ScaleSetRef
    from core.ports import Clock

#: The runner group that every owner has, and that is not asked for (github-scale-set-api.md section 3.7).
DEFAULT_GROUP = "default"
DEFAULT_GROUP_ID = 1

#: Where a runner puts its jobs' files.
WORK_FOLDER = "_work"


class GitHubScaleSetClient:
    """A client for one config URL; an asynchronous context manager that closes what it opened.

    ``version`` and ``commit`` go into the User-Agent. ``ca_file`` replaces the trusted authorities, ``api_url`` the
    derived address of the REST API; ``on_call`` is told of every request; ``network`` stands in for the network. None
    of them is needed. Raises ConfigurationError for a config URL, credentials, a file or proxies that cannot be used.
    Nothing is sent before the first call.
    """

    def __init__(
        self,
        *,
        config_url: str,
        credentials: Credentials,
        clock: Clock,
        rng: random.Random,
        version: str,
        commit: str = "",
        ca_file: Path | None = None,
        api_url: str | None = None,
        on_call: OnCall | None = None,
        network: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config = parse_config_url(config_url, os.environ, api_url)
        self._clock = clock
        self._agent = Agent(version, commit)
        self._transport = Transport(
            agent=self._agent, clock=clock, rng=rng, ca_file=ca_file, network=network, on_call=on_call
        )
        tokens = token_source(credentials, api=self._config.api, transport=self._transport, clock=clock)
        connections = AdminConnections(self._config, tokens=tokens, transport=self._transport, clock=clock)
        self._service = ActionsService(connections, self._transport)
        self._runners = RunnersApi(self._config, tokens=tokens, transport=self._transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End what is in flight, polls included, then close the connections. Sessions are not deleted by this."""
        await self._transport.aclose()

    @property
    def rate(self) -> RateLimit | None:
        """The primary limit of the REST API as GitHub last told it; None when it has not, or has none."""
        return self._runners.rate

    async def runner_group_id(self, name: str) -> int:
        """Id of a runner group; 1 for the default one without asking. ConfigurationError when there is none."""
        if name.lower() in {"", DEFAULT_GROUP}:
            return DEFAULT_GROUP_ID
        reply = await self._service.call(RUNNER_GROUP, "GET", RUNNER_GROUPS, query={"groupName": name})
        listing = decode(Listing[RunnerGroup], RUNNER_GROUP, reply)
        group = the_only(listing, RUNNER_GROUP, reply, f"runner group {name!r}")
        if group is None:
            raise ConfigurationError(f"there is no runner group {name!r} at {self._config.url}")
        return _known(group.id, RUNNER_GROUP, reply)

    async def get_scale_set(self, name: str, group_id: int) -> ScaleSetRef | None:
        """The scale set of that name in a runner group, or None."""
        query = {"runnerGroupId": str(group_id), "name": name}
        reply = await self._service.call(GET_SCALE_SET, "GET", SCALE_SETS, query=query)
        listing = decode(Listing[ScaleSet], GET_SCALE_SET, reply)
        found = the_only(listing, GET_SCALE_SET, reply, f"scale set {name!r}")
        return None if found is None else _scale_set(found, GET_SCALE_SET, reply)

    async def list_scale_sets(self, group_id: int) -> list[ScaleSetRef]:
        """All scale sets of a runner group."""
        query = {"runnerGroupId": str(group_id)}
        reply = await self._service.call(LIST_SCALE_SETS, "GET", SCALE_SETS, query=query)
        listing = decode(Listing[ScaleSet], LIST_SCALE_SETS, reply)
        return [_scale_set(found, LIST_SCALE_SETS, reply) for found in everything(listing, LIST_SCALE_SETS, reply)]

    async def create_scale_set(self, name: str, labels: Sequence[str], group_id: int) -> ScaleSetRef:
        """Create it, with automatic update of the runner disabled. ScaleSetExists when the name is taken.

        Without labels its name is its label. Raises ConfigurationError, and sends nothing, when there is neither.
        A repeated request may meet the scale set that the first one made, and raises ScaleSetExists then.
        """
        if not name and not labels:
            raise ConfigurationError("a scale set needs a name or a label")
        payload = {"name": name, "runnerGroupId": group_id, **_desired(labels or [name])}
        reply = await self._service.call(CREATE_SCALE_SET, "POST", SCALE_SETS, payload=payload)
        return _scale_set(decode(ScaleSet, CREATE_SCALE_SET, reply), CREATE_SCALE_SET, reply)

    async def update_scale_set(
        self, scale_set_id: int, name: str, labels: Sequence[str], group_id: int | None = None
    ) -> ScaleSetRef:
        """Make an existing one like this; ``group_id`` None leaves it in its runner group. ScaleSetNotFound."""
        moved = {} if group_id is None else {"runnerGroupId": group_id}
        payload = {"name": name, **moved, **_desired(labels)}
        path = f"{SCALE_SETS}/{scale_set_id}"
        reply = await self._service.call(UPDATE_SCALE_SET, "PATCH", path, payload=payload)
        return _scale_set(decode(ScaleSet, UPDATE_SCALE_SET, reply), UPDATE_SCALE_SET, reply)

    async def delete_scale_set(self, scale_set_id: int) -> None:
        """Delete it; one that is gone already is fine."""
        try:
            await self._service.call(DELETE_SCALE_SET, "DELETE", f"{SCALE_SETS}/{scale_set_id}")
        except ScaleSetNotFound:
            return

    async def generate_jit_config(self, scale_set_id: int, runner_name: str) -> JitConfig:
        """Register a runner. RunnerExists, ScaleSetNotFound; OutcomeUnknown when it may be registered.

        Sent once: only the caller knows that a runner of that name is its own (section 4.6).
        """
        payload = {"name": runner_name, "workFolder": WORK_FOLDER}
        path = f"{SCALE_SETS}/{scale_set_id}/generatejitconfig"
        reply = await self._service.call(GENERATE_JIT_CONFIG, "POST", path, payload=payload)
        generated = decode(GeneratedJitConfig, GENERATE_JIT_CONFIG, reply)
        if not generated.encoded_jit_config:
            raise odd(GENERATE_JIT_CONFIG, reply, "holds no JIT config")
        runner_id = _known(generated.runner.id, GENERATE_JIT_CONFIG, reply)
        return JitConfig(runner_id, generated.runner.name or runner_name, generated.encoded_jit_config)

    async def get_runner_by_name(self, name: str) -> RunnerRef | None:
        """The registration of that name, or None."""
        reply = await self._service.call(GET_RUNNER_BY_NAME, "GET", AGENTS, query={"agentName": name})
        listing = decode(Listing[Runner], GET_RUNNER_BY_NAME, reply)
        found = the_only(listing, GET_RUNNER_BY_NAME, reply, f"runner {name!r}")
        if found is None:
            return None
        _known(found.id, GET_RUNNER_BY_NAME, reply)
        return found.ref()

    async def remove_runner(self, runner_id: int) -> None:
        """Deregister. RunnerNotFound, JobStillRunning.

        While the Actions service is away, the REST API is asked to do it; it refuses a busy runner as well
        (section 8.3).
        """
        try:
            await self._service.call(REMOVE_RUNNER, "DELETE", f"{AGENTS}/{runner_id}")
        except Unavailable as unavailable:
            try:
                await self._runners.remove_runner(runner_id)
            except (Gone, Busy):
                raise
            except ArcdeckError:
                raise unavailable from None

    async def list_runners(self) -> list[Registration]:
        """Every runner of the config URL's owner, all pages of the REST list."""
        return await self._runners.list_runners()

    async def public_groups(self) -> list[str]:
        """Names of the owner's runner groups that admit public repositories."""
        return await self._runners.public_groups()

    async def open_session(self, scale_set_id: int, owner: str) -> GitHubMessageSession:
        """Open the one message session. SessionConflict while another lives; ScaleSetNotFound."""
        agent = dataclasses.replace(self._agent, subsystem=LISTENER, scale_set_id=scale_set_id)
        return await open_session(
            scale_set_id, owner, service=self._service, transport=self._transport, clock=self._clock, agent=agent
        )


def _desired(labels: Sequence[str]) -> dict[str, object]:
    """What a scale set should be, in the keys of the service (section 3.3)."""
    return {
        "labels": [{"type": "System", "name": label} for label in labels],
        "RunnerSetting": {"disableUpdate": True},
    }


def _scale_set(found: ScaleSet, call: Call, reply: Reply) -> ScaleSetRef:
    _known(found.id, call, reply)
    return found.ref()


def _known(number: int, call: Call, reply: Reply) -> int:
    """An id that an answer must name. Raises ProtocolError when it does not."""
    if number <= 0:
        raise odd(call, reply, "names no id")
    return number
