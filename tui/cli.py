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
from typing import TYPE_CHECKING, Any, Final

import core
from tui import exits, usage, wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.api.checkup import Checkup
    from core.config.settings import Settings


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
    from core.config.options import add_options

    parser = _parser("arcdeck", usage.ABOUT, usage.AFTER)
    parser.add_argument("--version", action="version", version=f"arcdeck {metadata.version(core.DISTRIBUTION)}")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--no-ui", action="store_true", help="run the controller here, without a screen")
    how.add_argument("--start", action="store_true", help="where no controller runs, start one that goes on")
    parser.add_argument("--read-only", action="store_true", help="never offer to change anything")
    only = "read and show everything, change nothing: the safe first day beside a running ecs-arc"
    parser.add_argument("--observe", action="store_true", help=only)
    consent = "agree to remove more than half of the scale sets, or ones with busy runners"
    parser.add_argument("--allow-mass-removal", action="store_true", help=consent)
    wishes.add_screen_options(parser)
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    wishes.remember(options, os.environ)
    if options["start"] or not (options["no_ui"] or options["observe"]):
        return _look_in(arguments, options)
    from core.config.settings import load_settings

    settings = load_settings(os.environ, options)
    if not options["no_ui"]:
        return _observe(arguments)
    from core.daemon import run

    return run(
        settings,
        os.environ,
        allow_mass_removal=bool(options["allow_mass_removal"]),
        observe=bool(options["observe"]),
    )


def _look_in(arguments: list[str], options: dict[str, Any]) -> int:
    """Show the controller that runs here; where none does, what one would do, and offer to observe or to start one."""
    from core.config.settings import load_settings
    from tui.launching import Choice, answers, offer
    from tui.terminal import terminal_problem

    candidates = _candidates(options, os.environ)
    if found := next(filter(answers, candidates), None):
        return open_screen(found, read_only=bool(options["read_only"]))
    if terminal_problem(sys.stdin, sys.stdout, os.environ, sys.stderr):
        _say_nobody(candidates)
        return exits.USAGE
    settings = load_settings(os.environ, options)
    match Choice.START if options["start"] else offer(lambda: _examined(options)):
        case Choice.START:
            return _start(arguments, options, settings)
        case Choice.OBSERVE:
            return _observe([*arguments, "--observe"])
        case Choice.LEAVE:
            return exits.DONE


def _observe(arguments: list[str]) -> int:
    from core.config.options import ARCDECK_SOCKET, ARCDECK_STATE_DIR
    from tui.observe import observe

    return observe(arguments, {place.variable: place.flag for place in (ARCDECK_SOCKET, ARCDECK_STATE_DIR)})


def _start(arguments: list[str], options: dict[str, Any], settings: Settings) -> int:
    from core.bootstrap import paths_of
    from core.config.options import PATHS
    from tui.launching import rooted, start

    environ, rest = rooted(os.environ, [(path.variable, path.flag, options[path.name]) for path in PATHS])
    places = paths_of(settings, os.environ)
    if places.state is None:
        return _refuse("set ARCDECK_CONTROLLER_ID: a controller needs a place for its state")
    own = [argument for argument in arguments if argument != "--start"]
    return start(
        [*own, *rest],
        environ,
        state=places.state,
        at=places.serve,
        screen=partial(open_screen, places.serve, read_only=options["read_only"]),
    )


def _attach(arguments: list[str]) -> int:
    from core.config.options import add_address_options

    parser = _parser("arcdeck attach", "Look into the controller that runs here; leaving does not stop it.")
    parser.add_argument("--read-only", action="store_true", help="never offer to change anything")
    wishes.add_screen_options(parser)
    add_address_options(parser)
    options = vars(parser.parse_args(arguments))
    wishes.remember(options, os.environ)
    return _show(options, os.environ)


def _demo(arguments: list[str]) -> int:
    from tui.demo import Demo, seconds

    parser = _parser("arcdeck demo", "The whole program against an embedded world: no account, no credentials.")
    parser.add_argument("--no-ui", action="store_true", help="no screen; logs on standard error, an account at the end")
    parser.add_argument("--for", dest="duration", type=seconds, metavar="60s", help="end by itself after this time")
    parser.add_argument("--seed", type=int, default=1, help="one seed is one course of events (default 1)")
    wishes.add_screen_options(parser)
    options = parser.parse_args(arguments)
    wishes.remember(vars(options), os.environ)
    return Demo(seed=options.seed, duration=options.duration).run(screen=not options.no_ui)


def _one_shot(arguments: list[str], *, name: str) -> int:
    from core.config.options import add_address_options
    from tui.oneshot import ONE_SHOTS, carry_out

    command = ONE_SHOTS[name]
    parser = _parser(f"arcdeck {name}", command.about, f"{command.example}\n{usage.CODES}")
    command.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    wishes.add_ascii_option(parser)
    add_address_options(parser)
    options = parser.parse_args(arguments)
    wishes.remember(vars(options), os.environ)
    found = _socket(vars(options), os.environ)
    return exits.NOT_RUNNING if found is None else carry_out(command, options, found)


def _check(arguments: list[str]) -> int:
    from core.config.options import add_options
    from tui.check import show
    from tui.oneshot.output import Output
    from tui.oneshot.record import nobody_reads

    about = "Look at all that a controller needs here, and say what it would change, without changing anything."
    parser = _parser("arcdeck check", about, usage.CHECK_CODES)
    parser.add_argument("--strict", action="store_true", help="whatever is unsure is wrong as well")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    add_options(parser)
    options = vars(parser.parse_args(arguments))
    checkup = _examined(options)
    try:
        return show(checkup, Output(sys.stdout, sys.stderr, as_json=options["json"]), strict=options["strict"])
    except BrokenPipeError:
        return nobody_reads()


_COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "": _default,
    "attach": _attach,
    "check": _check,
    "demo": _demo,
    **{name: partial(_one_shot, name=name) for name in usage.ONE_SHOTS},
}


# --- what they share -----------------------------------------------------------------------------------------------


def _examined(options: Mapping[str, object]) -> Checkup:
    import asyncio

    from core.bootstrap import examine

    return asyncio.run(examine(os.environ, options))


def _show(options: Mapping[str, object], environ: Mapping[str, str]) -> int:
    found = _socket(options, environ)
    return exits.NOT_RUNNING if found is None else open_screen(found, read_only=bool(options["read_only"]))


def _socket(options: Mapping[str, object], environ: Mapping[str, str]) -> Path | None:
    """The socket of the controller that runs here; None, and said so, when there is none.

    One that a dead controller left counts where nobody answers elsewhere: whoever connects is told.
    """
    from tui.launching import answers

    candidates = _candidates(options, environ)
    found = next(filter(answers, candidates), None) or next(filter(_is_there, candidates), None)
    if found is None:
        _say_nobody(candidates)
    return found


def _candidates(options: Mapping[str, object], environ: Mapping[str, str]) -> tuple[Path, ...]:
    from core.config.paths import control_paths, is_usable
    from core.config.settings import load_address

    return control_paths(load_address(environ, options), environ=environ, uid=os.getuid(), usable=is_usable).candidates


def _say_nobody(candidates: Sequence[Path]) -> None:
    looked = " and no ".join(f"{path} that answers" if _is_there(path) else str(path) for path in candidates)
    print(f"arcdeck: no controller runs here: there is no {looked}", file=sys.stderr)
    print(
        "arcdeck: 'arcdeck --no-ui' runs one, 'arcdeck --start' on a terminal starts one that goes on;", file=sys.stderr
    )
    print("arcdeck: 'arcdeck check' and 'arcdeck demo' are for a look first", file=sys.stderr)


def _is_there(path: Path) -> bool:
    """Whether there is something at the path; who may not even look is told so when connecting."""
    try:
        return path.exists()
    except PermissionError:
        return True


def open_screen(
    socket: Path, *, read_only: bool, unlocked: bool = False, ended: Callable[[], None] | None = None
) -> int:
    """Run the screen on a control socket until it is left; refuses terminals that cannot show it.

    ``ended`` waits for the end of the controller behind it, if that was started for this screen.
    """
    from tui.terminal import terminal_problem

    if problem := terminal_problem(sys.stdin, sys.stdout, os.environ, sys.stderr):
        return _refuse(problem)
    if "SSH_CONNECTION" in os.environ:
        os.environ.setdefault("TEXTUAL_FPS", "15")  # read when Textual is loaded; a slow link pays for each frame
    from tui.app import run

    return run(socket, read_only=read_only, unlocked=unlocked, ended=None if read_only else ended)


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
