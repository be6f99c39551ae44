"""Findings: what a reader must know, each with its severity."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """The severity of a finding."""

    INFO = "info"
    """Part of the answer."""
    OPEN = "open"
    """A question that cannot be answered."""
    WARNING = "warning"
    """A reason why the numbers are worth less than they seem."""


@dataclass(frozen=True)
class Finding:
    """One sentence of an answer.

    Attributes:
        topic: Subject, such as `Swap test`, or the finding in a few words; may be empty.
        text: What was found; ends with a period, and starts in lower case if there is a topic.
        severity: Severity of the finding.
        tabled: Whether an accompanying table already shows it.
    """

    topic: str
    text: str
    severity: Severity = Severity.INFO
    tabled: bool = False

    @property
    def is_warning(self) -> bool:
        """Tell whether the finding makes the numbers worth less than they seem."""
        return self.severity is Severity.WARNING

    def __str__(self) -> str:
        """Format the finding as `Topic: text`."""
        return f"{self.topic}: {self.text}" if self.topic else self.text
