"""Field types for answers of a protocol that nobody documented: what cannot be read counts as absent.

One odd field must not cost a whole message (github-scale-set-api.md section 5.8), so none of these ever fails. All
text is cleaned here, on its way in; a token becomes a secret before anything else can hold it.
"""

from datetime import UTC, datetime
from typing import Annotated

import httpx
from pydantic import BeforeValidator, PlainValidator

from core.domain.secret import Secret
from core.domain.text import plain


def _text(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


def _raw(value: object) -> str:
    return value if isinstance(value, str) else ""


def _address(value: object) -> str:
    """An absolute address; empty when there is none, or one that no request can be sent to."""
    try:
        return value if isinstance(value, str) and httpx.URL(value).host else ""
    except httpx.InvalidURL:
        return ""


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _flag(value: object) -> bool:
    return value is True


def _secret(value: object) -> Secret:
    """A secret; empty when there is none, or one that no header can carry."""
    if not isinstance(value, str) or not is_sendable(value):
        return Secret("")
    return Secret(value)


def _moment(value: object) -> datetime | None:
    """A time in UTC; None for the year 1, which is how .NET and Go say *never*."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is None or moment.year == 1:
            return None
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def is_sendable(token: str) -> bool:
    """Whether a token fits into a header: printable ASCII without a space."""
    return token.isascii() and token.isprintable() and " " not in token


#: Cleaned text; empty when absent.
Text = Annotated[str, BeforeValidator(_text)]
#: Text that is parsed and not shown, and so left as it is; empty when absent.
Raw = Annotated[str, BeforeValidator(_raw)]
#: Where a request can be sent to, exactly as it came; empty when absent.
Address = Annotated[str, BeforeValidator(_address)]
#: A whole number of any size; 0 when absent.
Number = Annotated[int, BeforeValidator(_number)]
#: True, or anything else.
Flag = Annotated[bool, BeforeValidator(_flag)]
#: An aware time in UTC; None when absent.
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
#: A token or a JIT config; an empty secret when absent.
Hidden = Annotated[Secret, PlainValidator(_secret)]

NOTHING_HIDDEN = Secret("")
