"""Text from outside, made safe once at the door (DESIGN.md section 5, tui-patterns.md section 8.6).

Runner, job, workflow and branch names and stop reasons are whatever somebody typed: they may hold escape sequences,
direction marks or zero-width characters. Everything that enters a view, a log line or the journal passes ``plain``.
"""

from __future__ import annotations

_UNSEEN = (
    *range(0x80, 0xA0),  # C1 controls
    0x00AD,  # soft hyphen
    0x034F,  # combining grapheme joiner
    0x061C,  # Arabic letter mark
    0x115F,
    0x1160,
    0x3164,
    0xFFA0,  # Hangul fillers
    0x180E,  # Mongolian vowel separator
    *range(0x200B, 0x2010),  # zero width, direction marks
    *range(0x2028, 0x202F),  # line separators, embeddings and overrides
    *range(0x2060, 0x2070),  # word joiner, isolates, deprecated format characters
    *range(0xD800, 0xE000),  # lone surrogates
    0xFEFF,
    *range(0xFFF9, 0xFFFC),  # interlinear annotation
    *range(0xE0000, 0xE0080),  # tags
)
_CLEAN = {**{code: 0x2400 + code for code in range(32)}, 0x7F: 0x2421, **dict.fromkeys(_UNSEEN, 0xFFFD)}

#: Longest outside text kept; ECS's own reasons end at 1,024 characters (ecs-api.md A5).
MAX_TEXT = 1024


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """One line of outside text, safe to show: controls made visible, direction and zero-width marks replaced.

    Longer text is cut at ``limit`` (1 or more) characters and ends in an ellipsis.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return cut.translate(_CLEAN)
