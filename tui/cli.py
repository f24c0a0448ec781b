"""The command line. Loading it loads neither a screen nor the controller: each command brings in what it needs.

Exit codes: 0 done; 1 failed, or refused by the controller; 2 cannot be (settings, credentials, permissions, usage),
before anything was changed; 3 no controller runs here.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Final

import core
from tui import exits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

#: Commands that ask or do one thing, as the help tells them; what they are is in ``tui.oneshot``.
_ONE_SHOTS: Final = {
    "status": "is it well, and if not, why not",
    "scale-sets": "what each wants and has",
    "runners": "what each does, and for how long",
    "why": "why a scale set, runner or job is as it is",
    "events": "what happened, and who did it",
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
}

_ABOUT = "GitHub Actions runners as Amazon ECS tasks, and a control room for them in the terminal."
_CODES = """\
exit codes: 0 done, 1 failed or refused by the controller, 2 usage or settings,
            3 no controller runs here"""
_CHECK_CODES = "exit codes: 0 it would work, 2 something is wrong (with --strict: or unsure)"
_TOLD = "\n".join(f"  arcdeck {name:12} {about}" for name, about in _ONE_SHOTS.items())
_AFTER = f"""\
commands:
  arcdeck --no-ui      run the controller: JSON-line logs on standard error, stops on SIGTERM
  arcdeck              look into the controller that runs here
  arcdeck attach       the same, and only that
  arcdeck check        look at settings, permissions and the plan; changes nothing
  arcdeck --observe    what a controller would see and do here; changes nothing
  arcdeck demo         the whole program against an embedded world: no account, no credentials

one answer, then the shell again (--json for scripts, --help with an example each):
{_TOLD}

{_CODES}

Settings are environment variables; each has an option of the same name. Secrets are never options.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    if getattr(core, "DISTRIBUTION", None) != "arcdeck":
        return _refuse("another package called 'core' is in the way; install arcdeck in an environment of its own")
    from core.domain.errors import ConfigurationError

    arguments = list(sys.argv[1:] if argv is None else argv)
    command = arguments.pop(0) if arguments and arguments[0] in _COMMANDS else ""
    try:
        return _COMMANDS[command](arguments)
    except ConfigurationError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return 130


# --- commands ------------------------------------------------------------------------------------------------------


def _default(arguments: list[str]) -> int:
    from core.config.options import ARCDECK_SOCKET, ARCDECK_STATE_DIR, add_options

    parser = _parser("arcdeck", _ABOUT, _AFTER)
    parser.add_argument("--version", action="version", version=f"arcdeck {metadata.version(core.DISTRIBUTION)}")
    parser.add_argument("--no-ui", action="store_true", help="run the controller here, without a screen")
    parser.add_argument("--read-only", action="store_true", help="never offer to change anything")
    only = "read and show everything, change nothing: the safe first day beside a running ecs-arc"
    parser.add_argument("--observe", action="store_true", help=only)
    consent = "agree to remove more than half of the scale sets, or ones with busy runners"
    parser.add_argument("--allow-mass-removal", action="store_true", help=consent)
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    if not options["no_ui"] and not options["observe"]:
        return _show(options, os.environ)
    from core.config.settings import load_settings

    settings = load_settings(os.environ, options)
    if not options["no_ui"]:
        from tui.observe import observe

        return observe(arguments, {place.variable: place.flag for place in (ARCDECK_SOCKET, ARCDECK_STATE_DIR)})
    from core.daemon import run

    return run(
        settings,
        os.environ,
        allow_mass_removal=bool(options["allow_mass_removal"]),
        observe=bool(options["observe"]),
    )


def _attach(arguments: list[str]) -> int:
    from core.config.options import add_address_options

    parser = _parser("arcdeck attach", "Look into the controller that runs here; leaving does not stop it.")
    parser.add_argument("--read-only", action="store_true", help="never offer to change anything")
    add_address_options(parser)
    return _show(vars(parser.parse_args(arguments)), os.environ)


def _demo(arguments: list[str]) -> int:
    from tui.demo import Demo, seconds

    parser = _parser("arcdeck demo", "The whole program against an embedded world: no account, no credentials.")
    parser.add_argument("--no-ui", action="store_true", help="no screen; logs on standard error, an account at the end")
    parser.add_argument("--for", dest="duration", type=seconds, metavar="60s", help="end by itself after this time")
    parser.add_argument("--seed", type=int, default=1, help="one seed is one course of events (default 1)")
    options = parser.parse_args(arguments)
    return Demo(seed=options.seed, duration=options.duration).run(screen=not options.no_ui)


def _one_shot(arguments: list[str], *, name: str) -> int:
    from core.config.options import add_address_options
    from tui.oneshot import ONE_SHOTS, carry_out

    command = ONE_SHOTS[name]
    parser = _parser(f"arcdeck {name}", command.about, f"{command.example}\n{_CODES}")
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    add_address_options(parser)
    options = parser.parse_args(arguments)
    found = _socket(vars(options), os.environ)
    return exits.NOT_RUNNING if found is None else carry_out(command, options, found)


def _check(arguments: list[str]) -> int:
    import asyncio

    from core.bootstrap import examine
    from core.config.options import add_options
    from tui.check import show
    from tui.oneshot.output import Output
    from tui.oneshot.record import nobody_reads

    about = "Look at all that a controller needs here, and say what it would change, without changing anything."
    parser = _parser("arcdeck check", about, _CHECK_CODES)
    parser.add_argument("--strict", action="store_true", help="whatever is unsure is wrong as well")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    checkup = asyncio.run(examine(os.environ, options))
    try:
        return show(checkup, Output(sys.stdout, sys.stderr, as_json=options["json"]), strict=options["strict"])
    except BrokenPipeError:
        return nobody_reads()


_COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "": _default,
    "attach": _attach,
    "check": _check,
    "demo": _demo,
    **{name: partial(_one_shot, name=name) for name in _ONE_SHOTS},
}


# --- what they share -----------------------------------------------------------------------------------------------


def _show(options: Mapping[str, object], environ: Mapping[str, str]) -> int:
    found = _socket(options, environ)
    return exits.NOT_RUNNING if found is None else open_screen(found, read_only=bool(options["read_only"]))


def _socket(options: Mapping[str, object], environ: Mapping[str, str]) -> Path | None:
    """The socket of the controller that runs here; None, and said so, when there is none."""
    from core.config.paths import control_paths, is_usable
    from core.config.settings import load_address

    paths = control_paths(load_address(environ, options), environ=environ, uid=os.getuid(), usable=is_usable)
    found = next((path for path in paths.candidates if _is_there(path)), None)
    if found is None:
        looked = " and no ".join(str(path) for path in paths.candidates)
        print(f"arcdeck: no controller runs here: there is no {looked}", file=sys.stderr)
        print("arcdeck: start one with 'arcdeck --no-ui', or have a look first with 'arcdeck demo'", file=sys.stderr)
    return found


def _is_there(path: Path) -> bool:
    """Whether there is something at the path; who may not even look is told so when connecting."""
    try:
        return path.exists()
    except PermissionError:
        return True


def open_screen(socket: Path, *, read_only: bool, unlocked: bool = False) -> int:
    """Run the screen on a control socket until it is left; refuses terminals that cannot show it."""
    from tui.terminal import terminal_problem

    if problem := terminal_problem(sys.stdin, sys.stdout, os.environ, sys.stderr):
        return _refuse(problem)
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", "15")  # read when Textual is loaded; a slow link pays for each frame
    from tui.app import run

    return run(socket, read_only=read_only, unlocked=unlocked)


def _parser(name: str, about: str, after: str = "") -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=name,
        description=about,
        epilog=after,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _refuse(sentence: str) -> int:
    print("\n".join(f"arcdeck: {line}" for line in sentence.splitlines()), file=sys.stderr)
    return exits.USAGE


if __name__ == "__main__":
    sys.exit(main())
