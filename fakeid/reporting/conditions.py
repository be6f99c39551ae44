"""How images were shown to a detector, in words."""

from collections.abc import Sequence

from fakeid.evaluation.scores import NO_DEGRADATION


def describe_conditions(degradations: Sequence[str]) -> str:
    """Such as `as they are and under 3 degradations`.

    Args:
        degradations: The words of `fakeid.images.degradation`; `none` does not count.
    """
    number = sum(word != NO_DEGRADATION for word in degradations)
    if number == 0:
        return "as they are"
    return f"as they are and under {number} {'degradation' if number == 1 else 'degradations'}"
