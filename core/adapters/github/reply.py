"""One answer of GitHub, as the rest of the adapter sees it: bytes, status and headers, and nothing secret.

A reply keeps neither the request nor its headers, so whatever holds one (an error, a log record) holds no token.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

#: Longest correlation id that is repeated in a message.
_MAX_ID = 100


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request."""

    method: str
    url: str  #: without its query, which may hold a signature
    status: int
    reason: str
    headers: Mapping[str, str]  #: looked up in any case
    body: bytes  #: without a byte order mark
    retry_after: float | None = None  #: seconds from now that the server asks us to wait; None when it does not
    attempts: int = 1  #: how many requests it took

    @property
    def is_empty(self) -> bool:
        """Whether the body says nothing at all."""
        return not self.body.strip()

    @property
    def activity_id(self) -> str:
        """The Actions service's id of the request; empty when it gave none."""
        return plain(self.headers.get("ActivityId", ""), _MAX_ID)

    @property
    def github_request_id(self) -> str:
        """GitHub's id of the request; empty when it gave none."""
        return plain(self.headers.get("X-GitHub-Request-Id", ""), _MAX_ID)

    @property
    def request_id(self) -> str | None:
        """The id that GitHub's support asks for; None when there is none."""
        return self.github_request_id or self.activity_id or None


def without_bom(body: bytes) -> bytes:
    """A body without the UTF-8 byte order mark that some backends put first; pydantic does not read past it."""
    return body.removeprefix(codecs.BOM_UTF8)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds of a ``Retry-After`` header, which is a number of seconds or an HTTP date; None when it is neither."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo else None
