"""The runners of the config URL's owner, as GitHub's public REST API has them: the complete list, and removal.

A list is complete or an error: pages are followed to the end, and a page that fails fails the list
(github-scale-set-api.md section 8). A runner that ends while later pages are read can push another one across a page
boundary and out of the list; so one list is no proof of absence, and its readers ask twice.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from core.adapters.github.auth import REST_HEADERS, with_token
from core.adapters.github.calls import LIST_RUNNER_GROUPS, LIST_RUNNERS, REMOVE_RUNNER_BY_REST, Budget
from core.adapters.github.decode import decode, odd
from core.adapters.github.errors import refusal, require
from core.adapters.github.transport import Authorization, Request
from core.adapters.github.wire import RunnerGroupPage, RunnerPage
from core.domain.errors import JobStillRunning

if TYPE_CHECKING:
    from core.adapters.github.auth import Tokens
    from core.adapters.github.calls import Call
    from core.adapters.github.config_url import ConfigUrl
    from core.adapters.github.rate import RateLimit
    from core.adapters.github.reply import Reply
    from core.adapters.github.transport import Transport
    from core.domain.messages import Registration
    from core.domain.secret import Secret

PAGE_SIZE: Final = 100
#: More pages than the runners of any owner fill; a list that is longer goes round in a circle.
MAX_PAGES: Final = 1000

_LINK = re.compile(r"<(?P<url>[^>]*)>(?P<parameters>[^<]*)")
_NEXT = re.compile(r';\s*rel\s*=\s*"?next\b', re.IGNORECASE)


class RunnersApi:
    """The REST list of runners of one organization, repository or enterprise."""

    def __init__(self, config: ConfigUrl, *, tokens: Tokens, transport: Transport) -> None:
        self._url = f"{config.api}{config.scope}/actions/runners"
        has_groups = not config.scope.startswith("/repos/")
        self._groups = f"{config.api}{config.scope}/actions/runner-groups?per_page={PAGE_SIZE}" if has_groups else None
        self._tokens = tokens
        self._transport = transport

    @property
    def rate(self) -> RateLimit | None:
        """The primary rate limit as GitHub last told it; None when it has not, or has none."""
        return self._transport.gate(Budget.CORE).rate

    async def list_runners(self) -> list[Registration]:
        """Every runner, each once. Raises Throttled while the rate limit is known to be used up."""
        found: dict[int, Registration] = {}
        url = f"{self._url}?per_page={PAGE_SIZE}"
        for _ in range(MAX_PAGES):
            reply = require(LIST_RUNNERS, await self._send(LIST_RUNNERS, "GET", url))
            page = decode(RunnerPage, LIST_RUNNERS, reply)
            found.update((runner.id, runner.registration()) for runner in page.runners)
            following = next_page(reply.headers.get("Link", ""))
            if following is None:
                return list(found.values())
            url = _with_query_of(url, following)
        raise odd(LIST_RUNNERS, reply, f"is page {MAX_PAGES} and still not the last")

    async def public_groups(self) -> list[str]:
        """Names of the runner groups that admit public repositories; a repository has no groups."""
        if self._groups is None:
            return []
        reply = require(LIST_RUNNER_GROUPS, await self._send(LIST_RUNNER_GROUPS, "GET", self._groups))
        groups = decode(RunnerGroupPage, LIST_RUNNER_GROUPS, reply).runner_groups
        return [group.name for group in groups if group.allows_public_repositories]

    async def remove_runner(self, runner_id: int) -> None:
        """Deregister. Raises RunnerNotFound, JobStillRunning."""
        reply = await self._send(REMOVE_RUNNER_BY_REST, "DELETE", f"{self._url}/{runner_id}")
        if reply.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise refusal(REMOVE_RUNNER_BY_REST, reply, JobStillRunning)
        require(REMOVE_RUNNER_BY_REST, reply)

    async def _send(self, call: Call, method: str, url: str) -> Reply:
        async def send(token: Secret) -> Reply:
            return await self._transport.send(call, Request(method, url, Authorization(token), REST_HEADERS))

        return await with_token(self._tokens, send)


def next_page(link: str) -> str | None:
    """The address of relation ``next`` in a ``Link`` header; None when there is none."""
    for match in _LINK.finditer(link):
        if _NEXT.search(match["parameters"]):
            return match["url"]
    return None


def _with_query_of(url: str, following: str) -> str:
    """Our own address with the next page's query: credentials never follow a link to somewhere else."""
    return urlunsplit(urlsplit(url)._replace(query=urlsplit(following).query))
