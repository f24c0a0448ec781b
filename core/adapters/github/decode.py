"""From the bytes of a good answer to a shape of ``wire``, or to an error that says what is wrong with it.

An answer may hold a credential, so the texts of these errors tell where an answer was wrong, never what it held.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from core.adapters.github.wire import JOB_MESSAGES, Envelope, JobEntry, Listing, Wire
from core.domain.errors import ProtocolError, UnreadableMessage
from core.domain.messages import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.adapters.github.calls import Call
    from core.adapters.github.reply import Reply
    from core.domain.messages import JobMessage

AnyShape = TypeVar("AnyShape", bound=Wire)
AnyItem = TypeVar("AnyItem", bound=Wire)


def decode(shape: type[AnyShape], call: Call, reply: Reply) -> AnyShape:
    """The answer in its shape. Raises ProtocolError when it has another."""
    try:
        return shape.model_validate_json(reply.body)
    except ValidationError as error:
        raise odd(call, reply, f"has an unexpected shape ({_trouble(error)})") from None


def odd(call: Call, reply: Reply, what: str) -> ProtocolError:
    """The error for an answer that is well-formed and still cannot be right."""
    ids = ", ".join(
        f'{name}="{value}"'
        for name, value in (("activity_id", reply.activity_id), ("github_request_id", reply.github_request_id))
        if value
    )
    where = f"{reply.method} {reply.url}" + (f" ({ids})" if ids else "")
    return ProtocolError(f"{call.operation}: the answer to {where} {what}", request_id=reply.request_id)


def the_only(listing: Listing[AnyItem], call: Call, reply: Reply, what: str) -> AnyItem | None:
    """What a search by name found; None when it found nothing.

    Decided by ``count`` alone: 0 is nothing even with a value beside it (github-scale-set-api.md section 3.2). Raises
    ProtocolError when several were found; ``what`` names what was searched, such as ``runner 'name'``.
    """
    if listing.count == 0:
        return None
    if listing.count > 1:
        raise odd(call, reply, f"names {listing.count} times {what}")
    return everything(listing, call, reply)[0]


def everything(listing: Listing[AnyItem], call: Call, reply: Reply) -> tuple[AnyItem, ...]:
    """All items of a list. Raises ProtocolError when fewer came than were counted."""
    if len(listing.value) < listing.count:
        raise odd(call, reply, f"counts {listing.count} items and holds {len(listing.value)}")
    return listing.value


def decode_message(call: Call, reply: Reply) -> Message:
    """A message of the queue (sections 5.6 to 5.8). Job messages of unknown kinds are left out.

    Raises UnreadableMessage, with the id under which it can be acknowledged, when the envelope is of an unknown type
    or its batch cannot be read; ProtocolError when there is not even an id.
    """
    envelope = decode(Envelope, call, reply)
    if envelope.message_id <= 0:
        raise odd(call, reply, "is a message without an id")
    if envelope.message_type != JOB_MESSAGES:
        raise _unreadable(call, reply, envelope, f"unsupported message type: {envelope.message_type}")
    try:
        batch = json.loads(envelope.body) if envelope.body.strip() else None
    except (ValueError, RecursionError):
        raise _unreadable(call, reply, envelope, "its batch is not JSON") from None
    if not isinstance(batch, list | None):
        raise _unreadable(call, reply, envelope, "its batch is not a list")
    return Message(
        id=envelope.message_id,
        jobs=tuple(_job_messages(batch or [])),
        statistics=envelope.statistics.statistics() if envelope.statistics else None,
    )


def _job_messages(batch: list[object]) -> Iterator[JobMessage]:
    for entry in batch:
        if isinstance(entry, dict) and (message := JobEntry.model_validate(entry).job_message()) is not None:
            yield message


def _unreadable(call: Call, reply: Reply, envelope: Envelope, why: str) -> UnreadableMessage:
    return UnreadableMessage(
        f"{call.operation}: message {envelope.message_id} cannot be read: {why}",
        message_id=envelope.message_id,
        request_id=reply.request_id,
    )


def _trouble(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['type']}" if place else str(first["type"])
