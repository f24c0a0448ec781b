"""The settings of the screen: what one person wants on one host, from a file in TOML.

Nothing in the file can keep the screen from being shown. Whatever is wrong in it costs one sentence, which names the
file, the key and what is allowed; that key keeps its default, all others hold. A file that is not there is no mistake,
unless it was named.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from tui import keyboard, wishes
from tui.lists import EVENTS, RUNNERS, SETS
from tui.plain import plain
from tui.query import QueryError, parse
from tui.sorting import Order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.keyboard import Keyboard
    from tui.lists import Kind

ThemeName = Literal["auto", "dark", "light", "ansi"]
THEMES: Final[tuple[ThemeName, ...]] = ("auto", "dark", "light", "ansi")
#: The lists that can be arranged in the file, by their names there.
LISTS: Final[Mapping[str, Kind[Any]]] = {kind.id: kind for kind in (SETS, RUNNERS, EVENTS)}


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a list of the main screen is shown at first."""

    filter: str = ""  #: as it would be typed
    order: Order[Any] = field(default_factory=Order)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for; without a file the defaults."""

    theme: ThemeName = "auto"
    ascii: bool | None = None  #: whether only ASCII signs are drawn; None = by the locale
    mouse: bool = True  #: whether the mouse is the screen's; without it the terminal selects text
    keyboard: Keyboard = keyboard.USUAL
    lists: Mapping[str, Arrangement] = field(default_factory=dict)  #: by the id of the list
    file: Path | None = None  #: where they come from; None = there is no file
    problems: tuple[str, ...] = ()  #: what could not be taken from it, a sentence each

    @property
    def told(self) -> str:
        """What is wrong with the file, in one line; empty when nothing is."""
        if not self.problems or self.file is None:
            return ""
        more = f"{len(self.problems)} mistakes, {self.keyboard.key('help')} has them; the first: "
        return f"{self.file.name}: {more if self.problems[1:] else ''}{self.problems[0]}"


def default_file(environ: Mapping[str, str]) -> Path | None:
    """Where the file is looked for: in XDG's directory for configuration; None when there is no home either."""
    if base := environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "arcdeck" / "screen.toml"
    return Path(home) / ".config" / "arcdeck" / "screen.toml" if (home := environ.get("HOME")) else None


def load(environ: Mapping[str, str]) -> Settings:
    """The settings of the file that was named, else of the one in its usual place; the command line's wishes win."""
    named = environ.get(wishes.SETTINGS)
    path = Path(named) if named else default_file(environ)
    settings = Settings() if path is None else _from(path, must_be_there=bool(named))
    return replace(settings, ascii=True) if environ.get(wishes.ASCII) else settings


def _from(path: Path, *, must_be_there: bool) -> Settings:
    try:
        return read(path.read_text(encoding="utf-8"), path)
    except FileNotFoundError:
        missing = Settings(file=path, problems=("there is no such file; all is as usual",))
        return missing if must_be_there else Settings()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        return Settings(file=path, problems=(f"it cannot be read ({reason}); all is as usual",))


def read(text: str, path: Path) -> Settings:
    """The settings that a text in TOML holds; ``path`` is where it is from."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Settings(file=path, problems=(f"it is no TOML: {plain(str(error))}; all is as usual",))
    reader = _Reader()
    theme = reader.word(document.pop("theme", "auto"), "theme", THEMES)
    ascii_only = reader.truth(document.pop("ascii", None), "ascii", default=None)
    mouse = reader.truth(document.pop("mouse", True), "mouse", default=True)
    keys = reader.keys(document.pop("keys", {}))
    lists = dict(reader.lists(document.pop("lists", {})))
    for name in document:
        reader.refuse(name, "is not known; there are theme, ascii, mouse, [keys] and [lists]")
    return Settings(theme, ascii_only, mouse is not False, keys, lists, path, tuple(reader.problems))


class _Reader:
    """Takes values out of a document; what is wrong becomes a sentence in ``problems`` and a default."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def refuse(self, key: str, reason: str) -> None:
        """Keep a sentence about a key."""
        self.problems.append(plain(f"{key} {reason}"))

    def word(self, value: object, key: str, allowed: tuple[ThemeName, ...]) -> ThemeName:
        """One of some words, the first of which is the default."""
        for each in allowed:
            if value == each:
                return each
        self.refuse(key, f"= {_toml(value)} is not one of {', '.join(allowed)}; {allowed[0]} is taken")
        return allowed[0]

    def truth(self, value: object, key: str, *, default: bool | None) -> bool | None:
        """True or false."""
        if value is None or isinstance(value, bool):
            return value
        self.refuse(key, f"= {_toml(value)} is neither true nor false; it stays as usual")
        return default

    def table(self, value: object, key: str) -> dict[str, Any]:
        """A table of names and values."""
        if isinstance(value, dict):
            return value
        self.refuse(key, f"= {_toml(value)} is no table; write [{key}]")
        return {}

    def keys(self, value: object) -> Keyboard:
        """The keys of actions, by id: one as a text, several as a list."""
        wanted: dict[str, tuple[str, ...]] = {}
        for name, given in self.table(value, "keys").items():
            several = given if isinstance(given, list) else [given]
            if all(isinstance(each, str) for each in several):
                wanted[name] = tuple(several)
            else:
                self.refuse(f"keys.{name}", f"= {_toml(given)} is neither a key nor a list of keys; usual keys stay")
        chosen, refused = keyboard.choose(wanted)
        for name, reason in refused.items():
            self.refuse(f"keys.{name}", f"= {_toml(' '.join(wanted[name]))}: {reason}; usual keys stay")
        return chosen

    def lists(self, value: object) -> Iterator[tuple[str, Arrangement]]:
        """How lists are shown at first, by id."""
        for name, given in self.table(value, "lists").items():
            if name in LISTS:
                yield name, self._arrangement(self.table(given, f"lists.{name}"), f"lists.{name}", LISTS[name])
            else:
                self.refuse(f"lists.{name}", f"is not known; there are {', '.join(LISTS)}")

    def _arrangement(self, table: dict[str, Any], key: str, kind: Kind[Any]) -> Arrangement:
        wanted, sort = table.pop("filter", ""), table.pop("sort", "")
        turned = bool(self.truth(table.pop("turned", False), f"{key}.turned", default=False))
        for name in table:
            self.refuse(f"{key}.{name}", "is not known; there are filter, sort and turned")
        return Arrangement(self._filter(wanted, key, kind), self._order(sort, key, kind, turned=turned))

    def _filter(self, wanted: object, key: str, kind: Kind[Any]) -> str:
        try:
            parse(wanted if isinstance(wanted, str) else "", kind.fields, kind.text)
        except QueryError as error:
            self.refuse(f"{key}.filter", f"= {_toml(wanted)}: {error}; nothing is filtered")
            return ""
        if isinstance(wanted, str):
            return wanted
        self.refuse(f"{key}.filter", f"= {_toml(wanted)} is no text; nothing is filtered")
        return ""

    def _order(self, wanted: object, key: str, kind: Kind[Any], *, turned: bool) -> Order[Any]:
        for letter, sort in kind.sorts.items():
            if wanted == sort.name:
                return Order(letter, sort, turned)
        if wanted:
            names = ", ".join(sort.name for sort in kind.sorts.values())
            self.refuse(f"{key}.sort", f"= {_toml(wanted)} is not one of {names}; {kind.order} stays")
        return Order()


def _toml(value: object) -> str:
    """A value as somebody wrote it, more or less."""
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value).replace("'", '"')
