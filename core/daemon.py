"""The daemon's life: logging, its end, exit codes. Loading this never loads a screen.

Logs are JSON lines on standard error, written by a thread of their own, so that a full pipe stalls no event loop. What
ends it in order is a signal (``core.signals``) or an operator's command; either way the exit code is 0.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import logging.handlers
import os
import queue
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from core.bootstrap import controller
from core.domain.errors import Rejected
from core.signals import HangUps, hold_standard_streams, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from typing import Protocol

    from core.config.settings import Settings
    from core.engine.engine import Engine

    class Making(Protocol):
        """Makes a controller that will be run until ``stop`` is set."""

        def __call__(self, *, stop: asyncio.Event) -> AbstractAsyncContextManager[Engine]:
            """See ``core.bootstrap.controller``."""


logger = logging.getLogger("arcdeck")

EXIT_CLEAN = 0
EXIT_CRASHED = 1
EXIT_REFUSED = 2  #: settings, credentials or permissions; nothing was changed

#: Log lines waiting to be written; beyond that the newest are dropped rather than anything stalled.
LOG_QUEUE = 10_000


def run(
    settings: Settings, environ: Mapping[str, str], *, allow_mass_removal: bool = False, observe: bool = False
) -> int:
    """Run a controller until it is told to stop; returns the exit code. See ``core.bootstrap.controller``."""
    hold_standard_streams()
    with json_logs(settings.daemon.log_level):
        for warning in settings.warnings:
            logger.warning(warning)
        try:
            asyncio.run(
                _run(partial(controller, settings, environ, allow_mass_removal=allow_mass_removal, observe=observe))
            )
        except Rejected as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, not a traceback
            return EXIT_REFUSED
        except Exception:
            logger.exception("the controller failed")
            return EXIT_CRASHED
    return EXIT_CLEAN


async def _run(make: Making) -> None:
    stop, made = asyncio.Event(), asyncio.Event()
    stop_on_signals(stop)
    hang_ups = HangUps()
    spare_the_collector()

    async def serve() -> None:
        async with make(stop=stop) as engine, hang_ups.reloading(engine):
            made.set()
            await engine.run(stop)

    await _unless_stopped(serve(), stop, made)
    logger.info("stopped", extra={"fields": {"event": "stopped"}})


async def _unless_stopped(service: Coroutine[None, None, None], stop: asyncio.Event, made: asyncio.Event) -> None:
    """Run a service to its end, which it finds by itself once it is ``made``; one that is not is cancelled by ``stop``.

    A controller that is being made may wait for its configuration for ever.
    """
    serving = asyncio.create_task(service, name="controller")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not made.is_set():
        serving.cancel()
    await asyncio.wait({serving, stopping})
    if not serving.cancelled():
        serving.result()


def spare_the_collector() -> None:
    """What was loaded at start lives for ever, so that looking through it again and again only stalls the loop.

    Measured with 10,000 tasks: the longest stall falls to a sixteenth (textual-performance.md, AWS calls).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


# --- logs ----------------------------------------------------------------------------------------------------------


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, event, message, and the fields of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.name != logger.name:
            line["logger"] = record.name
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _DroppingHandler(logging.handlers.QueueHandler):
    def enqueue(self, record: logging.LogRecord) -> None:
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record  # formatted by the writing thread; nothing here is mutable


@contextmanager
def json_logs(level: str) -> Iterator[None]:
    """Send every log record to standard error as a JSON line, from a thread of its own, while the context lasts."""
    lines: queue.Queue[logging.LogRecord] = queue.Queue(LOG_QUEUE)
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(JsonLines())
    listener = logging.handlers.QueueListener(lines, output)
    root, handler = logging.getLogger(), _DroppingHandler(lines)
    handler.addFilter(lambda record: record.name == logger.name or record.levelno >= logging.WARNING)
    before, root.handlers = root.handlers, [handler]
    logger.setLevel(level.upper())
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        root.handlers = before
        _leave_nothing_unsaid()


def _leave_nothing_unsaid() -> None:
    """Drop what nobody reads any more: the interpreter would fail over it at its end, and the exit code be its own."""
    try:
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
