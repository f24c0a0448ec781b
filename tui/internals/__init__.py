"""What lies beneath the overview as rows: mismatches, message sessions, closed placements.

Each answers a question that the overview only raises: what of GitHub, ECS and the controller disagrees; who listens to
which scale set and since when; where there is no room, and who waits for it.
"""

from tui.internals.mismatches import MISMATCHES
from tui.internals.placements import PLACEMENTS, placement_why
from tui.internals.sessions import SESSIONS, SessionRow

__all__ = ["MISMATCHES", "PLACEMENTS", "SESSIONS", "SessionRow", "placement_why"]
