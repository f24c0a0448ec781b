"""A client of the control socket, for every front end: the screen, the one-shot commands, the health check.

It knows the view models, the wire and a path, and nothing else of the controller. Each call opens its own connection,
so there is nothing to close, and a daemon that was restarted is simply found again.

Promises:

- Every failure is a ``ControlError`` whose text is a sentence to show, split by what a front end does next.
- Every wait has an end: 5 s to connect, 15 s without a message on a stream, 30 s for an answer.
- The updates of one stream follow each other without a gap. Where they would not, or where the daemon said something
  this client does not know, the stream starts over by itself: ``Hello`` again, then a whole snapshot, at most once a
  second.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import aiohttp
from pydantic import ValidationError

from core.api.commands import Answer
from core.api.events import EventRecord
from core.api.logs import USUAL_LINES, LogEnd, LogLine
from core.api.model import PROTOCOL, Delta, Health, Heartbeat, Hello, Problem, Snapshot
from core.api.wire import CLAIM_HEADERS, PROTOCOL_HEADER, READ_ONLY_HEADER, Decoder, ProtocolViolation, Unknown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping

    from core.api.commands import Command
    from core.api.model import Update
    from core.api.wire import Message

_LONGEST_CLAIM: Final = 200  # characters; the daemon keeps no more
_RESYNC_PAUSE: Final = 1.0  # seconds before a stream that lost its thread starts over


class ControlError(Exception):
    """Base of what can go wrong between a front end and the daemon; ``str(error)`` is one sentence to show."""


class NotRunning(ControlError):
    """No daemon serves the socket: there is no such file, or nobody behind it."""


class NotAdmitted(ControlError):
    """The daemon, or the file's mode, does not admit this user."""


class Incompatible(ControlError):
    """The daemon speaks another version of the protocol."""

    def __init__(self, message: str, *, ours: int, theirs: int | None) -> None:
        super().__init__(message)
        self.ours = ours
        #: None when what answers does not look like arcdeck at all.
        self.theirs = theirs


class ConnectionLost(ControlError):
    """The connection broke, fell silent or made no sense. A command that was under way may have been carried out."""


class Refused(ControlError):
    """The daemon is there and did not do it; the text is the daemon's own sentence."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status  #: HTTP status: 400 not understood, 413 too large, 503 no place …


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a client waits, in seconds."""

    connect: float = 5.0
    silence: float = 15.0  #: without a message on a stream; the daemon sends a heartbeat each second
    answer: float = 30.0  #: for anything that is not a stream


class ControlClient:
    """Talks to the daemon behind ``socket_path``.

    ``read_only`` tells the daemon to refuse commands of this client (``Hello.may_act`` is then false). ``environ`` is
    where SUDO_USER and SSH_CONNECTION are read, which the journal shows as claimed; None is the process's own.
    """

    def __init__(
        self,
        socket_path: str | os.PathLike[str],
        *,
        read_only: bool = False,
        environ: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._path = os.fspath(socket_path)
        self._timeouts = timeouts or Timeouts()
        self._headers = _claims(os.environ if environ is None else environ)
        if read_only:
            self._headers[READ_ONLY_HEADER] = "yes"

    async def snapshot(self) -> Snapshot:
        """Everything, now. Any ControlError."""
        async with self._request("GET", "/v1/snapshot", self._timeouts.answer) as response:
            messages = _Messages(response.content, self._timeouts.silence)
            while not isinstance(message := await messages.next(), Snapshot):
                pass
            return message

    async def stream(self) -> AsyncGenerator[Hello | Update, None]:
        """Hello, a whole snapshot, then what changes and a heartbeat each second, until the daemon goes.

        Always ends with a ControlError: ConnectionLost when the daemon closed it. Leaving early, wrap it in
        ``contextlib.aclosing``: the connection is closed with the generator.
        """
        while True:
            async with self._request("GET", "/v1/stream", None, silence=self._timeouts.silence) as response:
                messages, thread = _Messages(response.content, self._timeouts.silence), _Thread()
                while (update := thread.follow(await messages.next())) is not None:
                    yield update
            await asyncio.sleep(_RESYNC_PAUSE)

    async def events(
        self, asked: Iterable[tuple[str, str]] = (), *, follow: bool = False
    ) -> AsyncGenerator[EventRecord, None]:
        """What happened, oldest first; to ``follow``, then what happens, until the daemon goes (ConnectionLost).

        ``asked`` are the parameters of ``GET /v1/events`` as an operator writes them: ``since=2h``, ``kind=stop``.
        Nothing is heard while nothing happens, so following knows no silence. Any ControlError.
        """
        query = urlencode([*asked, *([("follow", "1")] if follow else [])])
        silence = None if follow else self._timeouts.answer
        async with self._request("GET", f"/v1/events?{query}", None, silence=silence) as response:
            async for line in _lines(response.content):
                yield EventRecord.model_validate_json(line)
            if follow:
                raise ConnectionLost("The daemon closed the connection.")

    async def logs(self, runner: str, *, after: str = "", limit: int = USUAL_LINES) -> tuple[list[LogLine], str]:
        """The newest lines that a runner's task printed, or those behind ``after``; and the ``after`` to go on with.

        Every answer ends: whoever follows asks again. Any ControlError.
        """
        path = f"/v1/tasks/{quote(runner, safe='')}/logs?{urlencode({'after': after, 'limit': limit})}"
        async with self._request("GET", path, self._timeouts.answer) as response:
            *lines, end = (await response.read()).splitlines() or [b""]
            return [LogLine.model_validate_json(line) for line in lines], LogEnd.model_validate_json(end).next

    async def execute(self, command: Command) -> Answer:
        """Send a command; a refusal by the engine is an answer, not an error.

        After ConnectionLost, sending it again with the same id is safe: it acts once. Any ControlError.
        """
        body = command.model_dump_json().encode()
        async with self._request("POST", "/v1/commands", self._timeouts.answer, body) as response:
            return Answer.model_validate_json(await response.read())

    async def health(self) -> Health:
        """Whether the controller lives and is ready; its being ill is an answer, not an error. Any ControlError."""
        ill = HTTPStatus.SERVICE_UNAVAILABLE
        async with self._request("GET", "/healthz", self._timeouts.answer, accept=ill) as response:
            body = await response.read()
            if response.status == ill and (sentence := _sentence(body)):
                raise Refused(sentence, status=ill)
            return Health.model_validate_json(body)

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        total: float | None,
        body: bytes | None = None,
        *,
        silence: float | None = None,
        accept: HTTPStatus = HTTPStatus.OK,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request on a connection of its own; what goes wrong inside is translated, once, here."""
        timeout = aiohttp.ClientTimeout(total=total, sock_connect=self._timeouts.connect, sock_read=silence)
        connector = aiohttp.UnixConnector(self._path, force_close=True)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, headers=self._headers, timeout=timeout) as session,
                session.request(method, f"http://arcdeck{path}", data=body) as response,
            ):
                await _check(response, accept)
                yield response
        except aiohttp.ClientConnectorError as error:
            raise self._unreachable(error.os_error) from error
        except TimeoutError as error:
            raise ConnectionLost(f"The daemon at {self._path} did not answer in time.") from error
        except aiohttp.ClientError as error:
            raise ConnectionLost(f"The connection to the daemon at {self._path} broke.") from error
        except (ProtocolViolation, ValidationError) as error:
            raise ConnectionLost(f"The daemon at {self._path} sent something this program cannot read.") from error

    def _unreachable(self, error: OSError) -> ControlError:
        match error:
            case FileNotFoundError() | NotADirectoryError():
                return NotRunning(f"No arcdeck daemon runs here: there is no socket at {self._path}.")
            case ConnectionRefusedError():
                return NotRunning(f"No arcdeck daemon runs here: the socket {self._path} was left by one that ended.")
            case PermissionError():
                return NotAdmitted(f"This user may not open {self._path}; the daemon's user, its group or root may.")
        return ConnectionLost(f"The socket {self._path} cannot be reached: {error.strerror or error}.")


class _Messages:
    """The messages of a response body, one at a time, none of them later than ``silence`` seconds."""

    def __init__(self, content: aiohttp.StreamReader, silence: float) -> None:
        self._content = content
        self._silence = silence
        self._decoder = Decoder()
        self._ready: deque[Message] = deque()

    async def next(self) -> Message:
        """The next message; ConnectionLost when the stream ends or falls silent, ProtocolViolation."""
        try:
            async with asyncio.timeout(self._silence):
                while not self._ready:
                    if not (chunk := await self._content.readany()):
                        raise ConnectionLost("The daemon closed the connection.")
                    self._ready.extend(self._decoder.feed(chunk))
        except TimeoutError as error:
            raise ConnectionLost(f"Nothing was heard from the daemon for {self._silence:g} s.") from error
        return self._ready.popleft()


class _Thread:
    """Whether messages follow each other (tui-patterns.md section 4.2)."""

    def __init__(self) -> None:
        self._version: int | None = None

    def follow(self, message: Message) -> Hello | Update | None:
        """The message, if it may be handed on; None when only a new snapshot helps."""
        match message:
            case Unknown():
                return None
            case Hello():
                return message
            case Delta() if message.base != self._version:
                return None
            case Heartbeat() if message.version != self._version:
                return None
        self._version = message.version
        return message


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """The lines of a body, however long; ProtocolViolation when it ends within one."""
    rest = b""
    async for chunk in content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
    if rest:
        raise ProtocolViolation("The answer ended within a line.")


async def _check(response: aiohttp.ClientResponse, accept: HTTPStatus) -> None:
    """Return when the answer is of our protocol and good; raises Incompatible, NotAdmitted, Refused."""
    theirs = response.headers.get(PROTOCOL_HEADER, "")
    if theirs != str(PROTOCOL):
        raise _incompatible(int(theirs) if theirs.isdecimal() else None)
    if response.status in {HTTPStatus.OK, accept}:
        return
    reason = _sentence(await response.read())
    sentence = reason or f"The daemon answered with status {response.status} and no reason."
    if response.status == HTTPStatus.FORBIDDEN:
        raise NotAdmitted(sentence)
    raise Refused(sentence, status=response.status)


def _sentence(body: bytes) -> str:
    """Why the daemon did not do it, in its own words; empty where the body is something else."""
    try:
        return Problem.model_validate_json(body).error
    except ValidationError:
        return ""


def _incompatible(theirs: int | None) -> Incompatible:
    if theirs is None:
        said = "What answers on the socket is not an arcdeck daemon"
    else:
        said = f"The daemon speaks protocol {theirs}"
    return Incompatible(f"{said}; this program speaks protocol {PROTOCOL}.", ours=PROTOCOL, theirs=theirs)


def _claims(environ: Mapping[str, str]) -> dict[str, str]:
    """Headers for what the environment claims of the operator, whatever bytes it holds."""
    values = {header: environ.get(variable, "") for header, variable in CLAIM_HEADERS.items()}
    return {header: quote(value[:_LONGEST_CLAIM], errors="replace") for header, value in values.items() if value}
