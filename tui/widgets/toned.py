"""What all our line widgets share: spans of text become segments in the theme's styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.widget import Widget

from tui.plain import plain
from tui.tones import Tone, component_class

if TYPE_CHECKING:
    from rich.style import Style

    from tui.tones import Span


class Toned(Widget):
    """A widget that draws spans. The style sheet gives every ``tone--…`` its looks, once for all widgets."""

    #: Selecting by mouse would need offsets in every strip; ``c`` copies instead.
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {component_class(tone) for tone in Tone}

    def segment(self, span: Span, ground: Style) -> Segment:
        """The span, cleaned, in its tone on the given ground."""
        return Segment(plain(span.text), ground + self.tone_style(span.tone))

    def tone_style(self, tone: Tone) -> Style:
        """What a tone adds to the style it is drawn on."""
        return self.get_component_rich_style(component_class(tone), partial=True)
