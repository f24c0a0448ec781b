"""A peer of the control socket that writes bytes as it likes, and reads back what each of its requests was answered."""

import asyncio
import io
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPResponse, IncompleteRead
from pathlib import Path

#: Virtual seconds after which a connection that the server has not closed by itself is taken for a stream.
LONGEST = 300.0


@dataclass(frozen=True)
class Piece:
    """Bytes that are sent at once, and the seconds until the next ones."""

    data: bytes
    pause: float = 0.0


@dataclass(frozen=True)
class Reply:
    """One answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool  #: false for a stream that was still open, and for an answer that broke off


async def said_to(path: Path, pieces: Iterable[Piece], *, hang_up: bool = False) -> bytes:
    """All that the server says to these bytes until it closes, or for ``LONGEST``; nothing to one who hangs up."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        for piece in pieces:
            writer.write(piece.data)
            await asyncio.sleep(piece.pause)
        return b"" if hang_up else await _until_closed(reader)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def heard_late(path: Path, data: bytes, seconds: float) -> bytes:
    """What can still be read by one who sends these bytes, and then takes nothing for so long."""
    loop, heard = asyncio.get_running_loop(), b""
    with socket.socket(socket.AF_UNIX) as connection, suppress(ConnectionError):
        connection.setblocking(False)
        await loop.sock_connect(connection, str(path))
        await loop.sock_sendall(connection, data)
        await asyncio.sleep(seconds)
        while chunk := await loop.sock_recv(connection, 65_536):
            heard += chunk
    return heard


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    said = b""
    try:
        async with asyncio.timeout(LONGEST):
            while chunk := await reader.read(65_536):
                said += chunk
    except (TimeoutError, ConnectionError):  # a stream; or it was cut off while it still wrote
        pass
    return said


def replies(said: bytes, methods: Sequence[str] = ()) -> list[Reply]:
    """The answers in these bytes, which were given to requests of these methods (else GET or POST)."""
    tape = _Tape(said)
    told: list[Reply] = []
    while tape.tell() < len(said):
        method = methods[len(told)] if len(told) < len(methods) else "GET"
        answer = HTTPResponse(tape, method=method)  # type: ignore[arg-type]  # all it asks of a socket is a file
        answer.begin()
        whole = True
        try:
            body = answer.read()
        except IncompleteRead as cut:
            body, whole = cut.partial, False
        told.append(Reply(answer.status, dict(answer.getheaders()), body, whole))
    return told


class _Tape(io.BytesIO):
    """Bytes that pass for a socket, and stay open when one answer has been read off."""

    def makefile(self, _mode: str) -> io.BytesIO:
        return self

    def close(self) -> None:
        """Not before the last answer."""
