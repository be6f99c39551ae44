"""Mistakes of many cells in one message."""

from collections import Counter

from fakeid.errors import ConfigError


def refuse(mistakes: Counter[str], num_cells: int) -> None:
    """Do nothing where there is none.

    Args:
        mistakes: What is wrong → how many cells have it.
        num_cells: How many were looked at.

    Raises:
        ConfigError: Every mistake once, and how many cells have it.
    """
    if mistakes:
        lines = (f"{message} ({count} of {num_cells} cells)" for message, count in mistakes.items())
        raise ConfigError("; ".join(lines))
