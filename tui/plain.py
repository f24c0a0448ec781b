"""Outside text, made safe at the last moment before it is painted (tui-patterns.md section 8.6).

The daemon cleans every name and reason before it sends them. The screen does not depend on that: it also shows error
texts and what an operator types, and an escape sequence that slips through would write to somebody's clipboard. So
every text that reaches a cell, a line or a dialog passes ``plain``; only visible lines are painted, so it costs little.
"""

from __future__ import annotations

_UNSEEN = (
    *range(0x80, 0xA0),  # C1 controls
    0x061C,  # Arabic letter mark
    *range(0x200B, 0x2010),  # zero width, direction marks
    *range(0x2028, 0x202F),  # line separators, embeddings and overrides
    *range(0x2060, 0x206A),  # word joiner, isolates
    0xFEFF,
    *range(0xD800, 0xE000),  # lone surrogates
)
#: They only ask for another picture of the sign before them, and terminals disagree on how wide that is.
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_CONTROL_PICTURES = 0x2400
_CLEAN: dict[int, int | None] = {
    **{code: _CONTROL_PICTURES + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys(_UNSEEN, 0xFFFD),
    **dict.fromkeys(_VARIATION_SELECTORS),
}


def plain(text: str) -> str:
    """One line of text without power over a terminal: controls made visible, direction marks replaced."""
    return text if text.isascii() and text.isprintable() else text.translate(_CLEAN)
