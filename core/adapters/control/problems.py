"""How the control socket says no: always JSON, always one sentence (``core.api.model.Problem``)."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web

from core.adapters.control.peers import peer_of_request
from core.api.model import Problem
from core.domain.text import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from aiohttp.typedefs import Handler, Middleware

    from core.adapters.control.peers import Peer

_log = logging.getLogger(__name__)
_LONGEST_ECHO: Final = 100  # characters of a request repeated in an answer


class NotUnderstood(ValueError):
    """A request that makes no sense; the sentence names what is wrong with it."""


def problem(status: HTTPStatus, sentence: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer that says why not."""
    body = Problem(error=sentence).model_dump_json()
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)


async def say_why(
    request: web.BaseRequest, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn what the HTTP library refuses by itself, and our own mistakes, into problems; around everything else."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _refusal(request, error)
    except ConnectionError:  # the peer is gone; nobody is left to answer
        return web.Response()
    except Exception:  # noqa: BLE001  # a mistake of ours is answered and logged, and ends nothing else
        _log.exception("control request failed", extra={"path": plain(request.path)})
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The daemon failed to answer; its log says why.")


def _refusal(request: web.BaseRequest, error: web.HTTPException) -> web.Response:
    path = plain(request.path, _LONGEST_ECHO) or "an empty path"
    match error:
        case web.HTTPNotFound():
            return problem(HTTPStatus.NOT_FOUND, f"There is nothing at {path}.")
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            sentence = f"{path} takes {allowed}, not {plain(request.method, _LONGEST_ECHO)}."
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, sentence, headers={"Allow": allowed})
        case web.HTTPRequestEntityTooLarge():
            sentence = f"The request is larger than {request.client_max_size} bytes."
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)
    return problem(HTTPStatus(error.status), f"{error.reason}.")


def admit(admitted: Callable[[Peer], bool]) -> Middleware:
    """Answer peers that are not admitted 403, whatever they asked, and hang up."""

    @web.middleware
    async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = peer_of_request(request)
        if admitted(peer):
            return await handler(request)
        _log.warning("control peer refused", extra={"peer_uid": peer.uid, "peer_pid": peer.pid})
        sentence = f"User {peer.uid} is not admitted; root, the daemon's user and its socket groups are."
        response = problem(HTTPStatus.FORBIDDEN, sentence)
        response.force_close()
        return response

    return admission
