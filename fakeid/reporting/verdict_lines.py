"""A verdict in the terminal."""

from typing import Final

from rich.text import Text

from fakeid.reporting.verdict import BAD, DOUBTFUL, GOOD, Judgement

_STYLES: Final = {GOOD: "bold green", DOUBTFUL: "bold yellow", BAD: "bold red"}


def render_verdict(judgement: Judgement) -> Text:
    """Two or three paragraphs, the head in the color of the verdict, and an empty line."""
    text = Text()
    style = _STYLES[judgement.look]
    for line in judgement.lines:
        for number, (head, told) in enumerate(line):
            text.append(" " * bool(number)).append(head, style=style).append(f" {told}")
            style = "bold"
        text.append("\n")
    return text
