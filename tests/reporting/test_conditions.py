import pytest

from fakeid.reporting.conditions import describe_conditions


@pytest.mark.parametrize(
    ("degradations", "words"),
    [
        (["none"], "as they are"),
        (["none", "jpeg-50"], "as they are and under 1 degradation"),
        (["jpeg-50", "none", "blur-1"], "as they are and under 2 degradations"),
    ],
)
def test_untouched_images_are_no_degradation(degradations: list[str], words: str) -> None:
    assert describe_conditions(degradations) == words
