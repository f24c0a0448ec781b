"""What a one-shot command is, and how it is carried out: each end it can come to has its exit code (``tui.exits``)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.api.client import ControlError, NotRunning
from tui import exits
from tui.oneshot.controller import Controller
from tui.oneshot.output import Output

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a command: what was typed, whom to ask, where to answer."""

    options: argparse.Namespace
    controller: Controller
    out: Output


@dataclass(frozen=True, slots=True)
class OneShot:
    """A command. ``run`` returns the exit code and may raise any ControlError."""

    name: str
    about: str  #: one sentence
    example: str  #: at the end of the help: what it is good for, with a line to try
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Call], int]


def carry_out(command: OneShot, options: argparse.Namespace, socket: Path) -> int:
    """Run a command against the controller behind a socket; its exit code. What went wrong is a line on stderr."""
    out = Output(sys.stdout, sys.stderr, as_json=bool(options.json))
    try:
        code = command.run(Call(options, Controller(socket), out))
        sys.stdout.flush()
    except NotRunning as error:
        out.complain(str(error))
        return exits.NOT_RUNNING
    except ControlError as error:
        out.complain(str(error))
        return exits.FAILED
    except BrokenPipeError:
        return nobody_reads()
    return code


def nobody_reads() -> int:
    """Whoever read has seen enough, as ``head`` does; the interpreter must not try to flush again. The exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exits.DONE
