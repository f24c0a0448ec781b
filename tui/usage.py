"""The words of the command line's help. Loading them loads nothing else."""

from __future__ import annotations

from typing import Final

#: Commands that ask or do one thing, as the help tells them; what they are is in ``tui.oneshot``.
ONE_SHOTS: Final = {
    "status": "is it well, and if not, why not",
    "scale-sets": "what each wants and has",
    "runners": "what each does, and for how long",
    "mismatches": "where GitHub, ECS and the controller disagree",
    "sessions": "who listens to which scale set",
    "placements": "where there is no room, and who waits",
    "why": "why a scale set, runner or job is as it is",
    "events": "what happened, and who did it",
    "logs": "what a runner printed",
    "stop": "stop a runner's task",
    "sweep": "read ECS and reap now",
    "deregister": "remove a runner's registration",
    "pause": "start nothing more for a scale set",
    "resume": "let it start again",
    "drain": "pause it, and let its idle runners go",
    "retry": "forget its backoff, try now",
    "adopt": "take over a scale set of another controller",
    "recreate": "delete a scale set on GitHub and make it anew",
    "reload": "read the runner configuration now",
    "agree": "agree to a removal that waits for a person",
    "hold": "keep every rule away from a runner for a while",
    "release": "let go of it",
    "shutdown": "stop the controller; runners and scale sets stay",
}

ABOUT = "GitHub Actions runners as Amazon ECS tasks, and a control room for them in the terminal."
CODES = """\
exit codes: 0 done, 1 failed or refused by the controller, 2 usage or settings,
            3 no controller runs here"""
CHECK_CODES = "exit codes: 0 it would work, 2 something is wrong (with --strict: or unsure)"
TOLD = "\n".join(f"  arcdeck {name:12} {about}" for name, about in ONE_SHOTS.items())
AFTER = f"""\
commands:
  arcdeck --no-ui      run the controller: JSON-line logs on standard error, stops on SIGTERM
  arcdeck              look into the controller that runs here; with none, say what
                       one would do, and offer to observe or to start it
  arcdeck --start      the same, and start one at once; it goes on when you leave
  arcdeck attach       the same, and only that
  arcdeck check        look at settings, permissions and the plan; changes nothing
  arcdeck --observe    what a controller would see and do here; changes nothing
  arcdeck demo         the whole program against an embedded world: no account, no credentials

one answer, then the shell again (--json for scripts, --help with an example each):
{TOLD}

{CODES}

Settings are environment variables; each has an option of the same name. Secrets are never options.
"""
