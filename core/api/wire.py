"""The lines of the control protocol: newline-delimited JSON between the daemon and whoever looks in.

Every line is an object with a ``type``. A small message is one line (``hello``, ``delta``, ``heartbeat``). A snapshot,
and a delta too large for one line, is framed: ``begin`` with the counts, ``rows`` of one kind at a time, ``end``. No
line holds more than 500 rows, so neither side ever encodes or decodes a large fleet in one block
(textual-performance.md, Attach socket).

Promises: pure, no I/O and no clock. A frame is handed over whole or not at all, and only when its counts agree. Fields
and kinds of rows that are not known are ignored; a line of an unknown type becomes ``Unknown``, which asks its reader
for a new snapshot instead of a guess (tui-patterns.md section 4.2); anything else that is wrong is a
``ProtocolViolation``, after which the decoder is of no more use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, NonNegativeInt, TypeAdapter, ValidationError

from core.api.model import (
    ControllerView,
    Delta,
    EventView,
    Heartbeat,
    Hello,
    RunnerView,
    ScaleSetView,
    Snapshot,
    Update,
)
from core.api.trouble import MismatchView, PlacementView
from core.api.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Sent by the daemon with every answer: its protocol number.
PROTOCOL_HEADER: Final = "X-Arcdeck-Protocol"
#: Sent by a client that was told not to act; the daemon then refuses its commands, whoever it is.
READ_ONLY_HEADER: Final = "X-Arcdeck-Read-Only"
#: What a client claims of its operator, percent-encoded: header to environment variable. Shown as claimed, not trusted.
CLAIM_HEADERS: Final[Mapping[str, str]] = {
    "X-Arcdeck-Sudo-User": "SUDO_USER",
    "X-Arcdeck-Ssh-Connection": "SSH_CONNECTION",
}

CONTENT_TYPE: Final = "application/x-ndjson"

#: Most rows in one line.
MAX_ROWS: Final = 500
#: Bytes above which a line is split again, so that one write stays small even with the longest texts.
LINE_AIM: Final = 1024 * 1024
#: Bytes in which a line must end; a decoder that has read more without an end gives up.
MAX_LINE: Final = 8 * LINE_AIM
_LONGEST_TYPE: Final = 64  # characters kept of a type that is not known


class ProtocolViolation(ValueError):
    """A line, or the order of lines, that the protocol does not allow; the sentence says what was wrong."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A line of a type this side does not know: something happened that it cannot show without a new snapshot."""

    type: str


Message = Hello | Snapshot | Delta | Heartbeat | Unknown

# --- encoding ------------------------------------------------------------------------------------------------------

#: How each kind of row is written. The names are those of the fields of ``Snapshot`` and ``Delta``.
_ROWS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "scale_sets": TypeAdapter(tuple[ScaleSetView, ...]),
    "scale_sets_gone": TypeAdapter(tuple[str, ...]),
    "runners": TypeAdapter(tuple[RunnerView, ...]),
    "runners_gone": TypeAdapter(tuple[str, ...]),
    "events": TypeAdapter(tuple[EventView, ...]),
    "mismatches": TypeAdapter(tuple[MismatchView, ...]),
    "placements": TypeAdapter(tuple[PlacementView, ...]),
}


def encode(message: Hello | Update) -> Iterator[bytes]:
    """The lines of a message in order, each with its newline; they are made one by one, as they are taken."""
    match message:
        case Hello():
            yield _tagged("hello", message)
        case Heartbeat():
            yield _tagged("heartbeat", message)
        case Delta() if sum(map(len, _parts(message).values())) <= MAX_ROWS:
            line = _tagged("delta", message)
            yield from [line] if len(line) <= LINE_AIM else _framed(message, message.base)
        case Delta():
            yield from _framed(message, message.base)
        case Snapshot():
            yield from _framed(message, None)


def _tagged(tag: str, view: View) -> bytes:
    """One line of the view's own fields, its type first for whoever reads along with curl."""
    return b'{"type":"%b",%b\n' % (tag.encode(), view.model_dump_json().encode()[1:])


def _parts(message: Snapshot | Delta) -> dict[str, Sequence[object]]:
    """The rows of a message by kind, but for those of which it says nothing."""
    found = {kind: getattr(message, kind, None) for kind in _ROWS}
    return {kind: rows for kind, rows in found.items() if rows is not None}


def _framed(message: Snapshot | Delta, base: int | None) -> Iterator[bytes]:
    parts = _parts(message)
    begin = _Begin(
        type="begin",
        version=message.version,
        now=message.now,
        base=base,
        controller=message.controller,
        counts={kind: len(rows) for kind, rows in parts.items()},
    )
    yield begin.model_dump_json().encode() + b"\n"
    for kind, rows in parts.items():
        for start in range(0, len(rows), MAX_ROWS):
            yield from _row_lines(kind, rows[start : start + MAX_ROWS])
    yield _End(type="end", version=message.version).model_dump_json().encode() + b"\n"


def _row_lines(kind: str, rows: Sequence[object]) -> Iterator[bytes]:
    """One line of rows, halved as often as its bytes ask for."""
    line = b'{"type":"rows","kind":"%b","rows":%b}\n' % (kind.encode(), _ROWS[kind].dump_json(rows))
    if len(line) <= LINE_AIM or len(rows) == 1:
        yield line
        return
    middle = len(rows) // 2
    yield from _row_lines(kind, rows[:middle])
    yield from _row_lines(kind, rows[middle:])


# --- decoding ------------------------------------------------------------------------------------------------------


class _Begin(View):
    type: Literal["begin"]
    version: int
    now: float
    base: int | None = None  #: None = a snapshot, else the version that a delta follows
    controller: ControllerView | None = None
    counts: dict[str, NonNegativeInt]


class _ScaleSetRows(View):
    type: Literal["rows"]
    kind: Literal["scale_sets"]
    rows: Annotated[tuple[ScaleSetView, ...], Field(max_length=MAX_ROWS)]


class _RunnerRows(View):
    type: Literal["rows"]
    kind: Literal["runners"]
    rows: Annotated[tuple[RunnerView, ...], Field(max_length=MAX_ROWS)]


class _EventRows(View):
    type: Literal["rows"]
    kind: Literal["events"]
    rows: Annotated[tuple[EventView, ...], Field(max_length=MAX_ROWS)]


class _MismatchRows(View):
    type: Literal["rows"]
    kind: Literal["mismatches"]
    rows: Annotated[tuple[MismatchView, ...], Field(max_length=MAX_ROWS)]


class _PlacementRows(View):
    type: Literal["rows"]
    kind: Literal["placements"]
    rows: Annotated[tuple[PlacementView, ...], Field(max_length=MAX_ROWS)]


class _GoneRows(View):
    type: Literal["rows"]
    kind: Literal["scale_sets_gone", "runners_gone"]
    rows: Annotated[tuple[str, ...], Field(max_length=MAX_ROWS)]


class _End(View):
    type: Literal["end"]
    version: int


class _HelloLine(Hello):
    type: Literal["hello"]


class _DeltaLine(Delta):
    type: Literal["delta"]


class _HeartbeatLine(Heartbeat):
    type: Literal["heartbeat"]


_RowsLine = _ScaleSetRows | _RunnerRows | _EventRows | _MismatchRows | _PlacementRows | _GoneRows
_Line = _HelloLine | _Begin | _RowsLine | _End | _DeltaLine | _HeartbeatLine
_LINE: Final[TypeAdapter[_Line]] = TypeAdapter(
    Annotated[
        _HelloLine | _Begin | Annotated[_RowsLine, Field(discriminator="kind")] | _End | _DeltaLine | _HeartbeatLine,
        Field(discriminator="type"),
    ]
)


class Decoder:
    """Turns bytes, cut anywhere, back into messages. ``max_line`` is the limit of one line in bytes."""

    def __init__(self, *, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._rest = b""
        self._frame: _Frame | None = None

    def feed(self, chunk: bytes) -> Iterator[Message]:
        """The messages that these bytes complete; iterate to the end before feeding more.

        Raises ProtocolViolation; the messages before the offending line have been handed over by then.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._limit(line)
            if (message := self._take(line)) is not None:
                yield message
        self._limit(self._rest)

    def _limit(self, line: bytes) -> None:
        if len(line) > self._max_line:
            raise ProtocolViolation(f"A line is longer than {self._max_line} bytes.")

    def _take(self, raw: bytes) -> Message | None:
        line = _parsed(raw)
        match line:
            case Unknown() | None:
                return line
            case _Begin() if self._frame is None:
                self._frame = _Frame(line)
                return None
            case _End() if self._frame is not None:
                frame, self._frame = self._frame, None
                return frame.finish(line)
            case _HelloLine() | _DeltaLine() | _HeartbeatLine():
                if self._frame is None:
                    return _plain_message(line)
            case _Begin() | _End():
                pass
            case _ if self._frame is not None:
                self._frame.add(line)
                return None
        raise ProtocolViolation(f"A line of type {line.type} came out of order.")


class _Frame:
    """A snapshot or delta of which ``begin`` has come and ``end`` has not."""

    def __init__(self, begin: _Begin) -> None:
        self._begin = begin
        self._rows: dict[str, list[object]] = {kind: [] for kind in _ROWS}

    def add(self, line: _RowsLine) -> None:
        """Take rows, never more than were announced."""
        rows = self._rows[line.kind]
        rows.extend(line.rows)
        if len(rows) > self._begin.counts.get(line.kind, 0):
            raise ProtocolViolation(f"More {line.kind} came than were announced.")

    def finish(self, end: _End) -> Snapshot | Delta:
        """The whole message, once everything that was announced is there."""
        begin = self._begin
        if end.version != begin.version:
            raise ProtocolViolation(f"Version {begin.version} began, but version {end.version} ended.")
        for kind, rows in self._rows.items():
            if len(rows) != (announced := begin.counts.get(kind, 0)):
                raise ProtocolViolation(f"{announced} {kind} were announced, {len(rows)} came.")
        fields = {**dict(begin), **{kind: rows for kind, rows in self._rows.items() if kind in begin.counts}}
        try:
            return Snapshot.model_validate(fields) if begin.base is None else Delta.model_validate(fields)
        except ValidationError as error:
            raise ProtocolViolation(_sentence(error)) from error


def _parsed(raw: bytes) -> _Line | Unknown | None:
    """One line by its type; None for rows of a kind that only a newer daemon knows."""
    try:
        return _LINE.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] != "union_tag_invalid":
            raise ProtocolViolation(_sentence(error)) from error
        return None if first["loc"] else Unknown(first["ctx"]["tag"][:_LONGEST_TYPE])


def _plain_message(line: _HelloLine | _DeltaLine | _HeartbeatLine) -> Message:
    """The message itself, without its tag, so that it equals what was sent."""
    fields = dict(line)
    match line:
        case _HelloLine():
            return Hello.model_validate(fields)
        case _DeltaLine():
            return Delta.model_validate(fields)
        case _HeartbeatLine():
            return Heartbeat.model_validate(fields)


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the line"
    return f"A line could not be read: {where}: {first['msg']}."
