import pytest

from fakeid.config.choices import Views
from fakeid.evaluation.records.run_summary import Sizes
from fakeid.reporting.degradations import describe_degradations
from fakeid.reporting.run.notes import describe_sizes


@pytest.mark.parametrize(
    ("degradations", "words"),
    [
        (["none"], "clean"),
        (["none", "jpeg-50"], "clean and under 1 degradation"),
        (["jpeg-50", "none", "blur-1"], "clean and under 2 degradations"),
    ],
)
def test_clean_images_are_no_degradation(degradations: list[str], words: str) -> None:
    assert describe_degradations(degradations) == words


@pytest.mark.parametrize(
    ("trained_px", "tested_px", "views", "words"),
    [
        (64, 64, "full", ""),
        (56, 56, "full", "Tested at 56 px, as trained: the center of 64-px images."),
        (56, 56, "crops", "Tested at 56 px, as trained: five windows of 64-px images."),
        (64, 32, "patches", "Trained at 64 px and tested at 32 px (the four quarters of 64-px images): logits shift"),
        (56, 64, "full", "Trained at 56 px and tested at 64 px (whole images): logits shift"),
    ],
)
def test_sizes_are_named_unless_they_are_those_of_whole_images(
    trained_px: int, tested_px: int, views: str, words: str
) -> None:
    found = describe_sizes(Sizes(64, trained_px, tested_px, Views(views)))
    assert found.startswith(words)
    assert bool(found) == bool(words)


def test_unknown_sizes_are_not_spoken_of() -> None:
    assert describe_sizes(None) == ""
