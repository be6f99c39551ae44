"""How images were shown to a detector, in words."""

from collections.abc import Sequence
from typing import Final

from fakeid.evaluation.records.run_summary import Sizes
from fakeid.evaluation.scores import NO_DEGRADATION

_VIEWS: Final = {"full": "the center", "crops": "five windows", "patches": "the four quarters"}


def describe_conditions(degradations: Sequence[str]) -> str:
    """Such as `as they are and under 3 degradations`.

    Args:
        degradations: The words of `fakeid.config.degradations`; `none` does not count.
    """
    number = sum(word != NO_DEGRADATION for word in degradations)
    if number == 0:
        return "as they are"
    return f"as they are and under {number} {'degradation' if number == 1 else 'degradations'}"


def describe_sizes(sizes: Sizes | None) -> str:
    """Say at which size; empty where whole images were trained and tested on.

    Args:
        sizes: None where size does not matter or is not known.
    """
    if not sizes or sizes.trained_px == sizes.tested_px == sizes.image_px:
        return ""
    trained_px, tested_px, image_px = sizes.trained_px, sizes.tested_px, sizes.image_px
    seen = "whole images" if tested_px == image_px else f"{_VIEWS[sizes.views.value]} of {image_px} px"
    if trained_px == tested_px:
        return f"Tested at {tested_px} px, as trained: {seen}."
    return (
        f"Trained at {trained_px} px and tested at {tested_px} px ({seen}): logits shift with the size, so a detector "
        "that ranks well may call everything fake or real. Only a threshold chosen on validation images corrects "
        "for that."
    )


def sizes_differ(sizes: Sizes | None) -> bool:
    """Tell whether a network was tested at another size than it was trained at; see `describe_sizes`."""
    return sizes is not None and sizes.trained_px != sizes.tested_px
