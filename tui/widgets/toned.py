"""What all our line widgets share: spans of text become segments in the theme's styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.widget import Widget

from tui.plain import plain
from tui.tones import Tone, component_class

if TYPE_CHECKING:
    from rich.style import Style

    from tui.tones import Span


#: The component classes of every screen that holds widgets with tones. Textual works out those of a widget anew when
#: its own styles may have changed; a dozen in each line of a screen were most of what a key press cost.
TONES: Final = frozenset(component_class(tone) for tone in Tone)


class Toned(Widget):
    """A widget that draws spans. Its screen has the ``TONES``, to which the style sheet gives their looks."""

    #: Selecting by mouse would need offsets in every strip; ``c`` copies instead.
    ALLOW_SELECT = False

    def segment(self, span: Span, ground: Style) -> Segment:
        """The span, cleaned, in its tone on the given ground; on a reversed one without its colours.

        Turned round, they would be a patchwork of grounds, and the line would be no line any more.
        """
        look = self.tone_style(span.tone)
        return Segment(plain(span.text), ground + (look.without_color if ground.reverse else look))

    def tone_style(self, tone: Tone) -> Style:
        """What a tone adds to the style it is drawn on."""
        return self.screen.get_component_rich_style(component_class(tone), partial=True)
