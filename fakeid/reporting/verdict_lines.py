"""A verdict in the terminal."""

from typing import Final

from rich.text import Text

from fakeid.reporting.table import Tone
from fakeid.reporting.verdict import Judgement

_STYLES: Final = {Tone.GOOD: "bold green", Tone.DOUBTFUL: "bold yellow", Tone.BAD: "bold red"}


def render_verdict(judgement: Judgement) -> Text:
    """Draw two or three paragraphs, the head in the color of the verdict, and an empty line."""
    text = Text()
    style = _STYLES[judgement.tone]
    for line in judgement.lines:
        for number, (head, told) in enumerate(line):
            text.append(" " * bool(number)).append(head, style=style).append(f" {told}")
            style = "bold"
        text.append("\n")
    return text
