"""What the terminal can do, and what must not be tried with it.

Knows nothing of Textual, so that the command line can ask before it loads a screen.
"""

from __future__ import annotations

import base64
import os
import pwd
import sys
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The most encoded bytes that terminals take in one OSC 52 (tui-patterns.md section 9.8).
_MAX_ENCODED: Final = 74_994


def terminal_problem(
    stdin: TextIO, stdout: TextIO, environ: Mapping[str, str], stderr: TextIO | None = None
) -> str | None:
    """Why a screen cannot be shown here, as one sentence; None when it can.

    Textual draws on standard error, so that has to be a terminal too; None is the process's own. ``arcdeck status``
    and its siblings need no terminal, so the sentence names them.
    """
    instead = "use arcdeck status, or one of the other one-shot commands"
    streams = {"input": stdin, "output": stdout, "error": sys.stderr if stderr is None else stderr}
    for which, stream in streams.items():
        if not stream.isatty():
            return f"The screen needs a terminal, and standard {which} is none; {instead}."
    term = environ.get("TERM", "")
    if term in {"", "dumb"}:
        return f"The screen needs a terminal that can move its cursor, and TERM is {term or 'not set'}; {instead}."
    return None


def clipboard_sequences(text: str, environ: Mapping[str, str]) -> Iterator[str]:
    """What to write so that the person's own terminal takes the text into its clipboard (OSC 52).

    Inside tmux or screen also in the form that asks them to pass it on. Nothing comes back: nobody can know whether it
    worked. Text that is too long is cut.
    """
    encoded = base64.b64encode(text.encode())
    if len(encoded) > _MAX_ENCODED:
        whole = text.encode()[: _MAX_ENCODED // 4 * 3]
        encoded = base64.b64encode(whole.decode(errors="ignore").encode())
    bare = f"\x1b]52;c;{encoded.decode()}\a"
    yield bare
    if environ.get("TMUX"):
        yield "\x1bPtmux;" + bare.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    elif environ.get("STY"):
        yield f"\x1bP{bare}\x1b\\"


def operator(environ: Mapping[str, str]) -> str:
    """Who sits here, as far as this process can tell: ``alice from 10.4.2.17``. The daemon decides by the peer."""
    name = environ.get("SUDO_USER") or _user(os.getuid())
    origin = environ.get("SSH_CONNECTION", "").split()
    return f"{name} from {origin[0]}" if origin else name


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a user that only a directory service knows, or none, as in a small container
        return f"uid {uid}"
