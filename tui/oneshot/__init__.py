"""One question, one answer, and the shell again: what the control room does, without a screen.

Each command is a record in a table; the command line makes parser and help from it and knows nothing else of them.
They speak to the controller as the screen does, over the control socket, and promise the same: nothing is assumed done
that the controller has not answered, and no text from outside has power over a terminal.
"""

from __future__ import annotations

from tui.oneshot import acting, events, holding, internals, logs, looking, shutdown, why
from tui.oneshot.record import Call, OneShot, carry_out

__all__ = ["ONE_SHOTS", "Call", "OneShot", "carry_out"]

_LOOKING = (*looking.COMMANDS, *internals.COMMANDS, why.COMMAND, events.COMMAND, logs.COMMAND)
_ALL = (*_LOOKING, *acting.COMMANDS, *holding.COMMANDS, shutdown.COMMAND)
#: By name, in the order of the help.
ONE_SHOTS = {one.name: one for one in _ALL}
