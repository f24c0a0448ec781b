"""What the command line asks of looks, on its way to whoever draws: kept in the environment, which our processes share.

The screen may be drawn by a process that another one of ours starts; a variable reaches it on every way. So each of
these options is a variable, too. Knows nothing of Textual: the command line loads it for every command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, MutableMapping

#: Set to something: only ASCII signs are drawn.
ASCII: Final = "ARCDECK_ASCII"
#: The file with the settings of the screen.
SETTINGS: Final = "ARCDECK_SCREEN_SETTINGS"


def add_ascii_option(parser: argparse.ArgumentParser) -> None:
    """The option of everything that draws signs."""
    parser.add_argument("--ascii", action="store_true", help=f"draw with ASCII signs only (or set {ASCII})")


def add_screen_options(parser: argparse.ArgumentParser) -> None:
    """The options of the screen."""
    add_ascii_option(parser)
    where = "default: arcdeck/screen.toml in ~/.config"
    parser.add_argument("--settings", metavar="FILE", help=f"settings of the screen ({where}; or set {SETTINGS})")


def remember(options: Mapping[str, object], environ: MutableMapping[str, str]) -> None:
    """Keep what was asked for where whoever draws finds it."""
    if options.get("ascii"):
        environ[ASCII] = "1"
    if options.get("settings"):
        environ[SETTINGS] = str(options["settings"])
