"""Findings: what a reader must know, with how much it weighs."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding weighs."""

    INFO = "info"
    """Part of the answer."""
    OPEN = "open"
    """Something that cannot be said."""
    WARNING = "warning"
    """It makes the numbers worth less than they seem."""


@dataclass(frozen=True)
class Finding:
    """One sentence of an answer.

    Attributes:
        topic: What it is about, such as `Swap test`, or in a few words what was found; may be empty.
        text: What was found; ends with a full stop, and begins in lower case behind a topic.
        severity: How much it weighs.
        tabled: Whether a table beside it says as much.
    """

    topic: str
    text: str
    severity: Severity = Severity.INFO
    tabled: bool = False

    @property
    def is_warning(self) -> bool:
        """Tell whether it makes the numbers worth less than they seem."""
        return self.severity is Severity.WARNING

    def __str__(self) -> str:
        """Write it as `Topic: text`."""
        return f"{self.topic}: {self.text}" if self.topic else self.text
