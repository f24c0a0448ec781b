"""The control socket: HTTP on a unix socket, for those who look in and steer (DESIGN.md, Control socket)."""

from core.adapters.control.limits import Limits
from core.adapters.control.peers import Admission, Peer, group_id
from core.adapters.control.server import ControlServer

__all__ = ["Admission", "ControlServer", "Limits", "Peer", "group_id"]
