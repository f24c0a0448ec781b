"""Keys by name: as Textual calls them, as people write them, and which must not be given to what (sections 3.1, 3.2).

People write ``?``, ``esc``, ``ctrl+x``; Textual ``question_mark``, ``escape``, ``ctrl+x``. Pure.
"""

from __future__ import annotations

from string import punctuation
from typing import Final

from textual.keys import Keys, _character_to_key  # no public way leads from a sign to its key

_SIGNS: Final = {_character_to_key(sign): sign for sign in punctuation}
#: How people write the keys that Textual calls by a longer name.
_WRITTEN: Final = _SIGNS | {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "ctrl+@": "ctrl+space",  # what terminals send for it
    "ctrl+backslash": "ctrl+\\",
}
_NAMED: Final = {text: key for key, text in _WRITTEN.items()} | {"return": "enter"}
_KNOWN: Final = frozenset(key.value for key in Keys if not key.value.startswith("<"))

#: What terminals, multiplexers and flow control take for themselves, and why.
SWALLOWED: Final = {
    "ctrl+i": "terminals send it for tab",
    "ctrl+m": "terminals send it for enter",
    "ctrl+h": "terminals send it for backspace",
    "ctrl+j": "terminals send it for enter",
    "ctrl+s": "terminals may stop for it",
    "ctrl+a": "screen keeps it for itself",
    "ctrl+b": "tmux keeps it for itself",
    "ctrl+c": "it always leaves",
    "ctrl+q": "it always leaves",
}
#: What fingers press without a thought.
REFLEXES: Final = frozenset(
    {"enter", "escape", "tab", "shift+tab", "backspace", "space", "up", "down", "left", "right"}
    | {"home", "end", "pageup", "pagedown"}
)


def written(key: str) -> str:
    """A key of Textual's as people write it: ``?`` for ``question_mark``."""
    return _WRITTEN.get(key, key)


def named(text: str) -> str | None:
    """The name that Textual has for what somebody wrote; None when there is no such key."""
    if len(text) == 1:
        return _character_to_key(text) if text.isprintable() else None
    key = _NAMED.get(text.lower(), text.lower())
    return key if key in _KNOWN or types_text(key) else None


def types_text(key: str) -> bool:
    """Whether a key puts a sign into a field that is typed into."""
    return len(key) == 1 or key in _SIGNS or key == "space"
