"""A verdict in the terminal."""

from typing import Final

from rich.text import Text

from fakeid.reporting.verdict import BAD, DOUBTFUL, GOOD, Judgement

_STYLES: Final = {GOOD: "bold green", DOUBTFUL: "bold yellow", BAD: "bold red"}


def render_verdict(judgement: Judgement) -> Text:
    """Two or three paragraphs, the head in the color of the verdict, and an empty line."""
    text = Text()
    for head, told in judgement.lines:
        text.append(head, style=_STYLES[judgement.look] if head == judgement.lines[0][0] else "bold")
        text.append(f"{' ' * bool(head and told)}{told}\n")
    return text
