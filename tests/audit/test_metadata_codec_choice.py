"""When both classes are passed through a codec, and over which qualities."""

import json

import pytest

from fakeid.audit.metadata import CodecChoice, choose_by_facts
from fakeid.images.file_facts import FileFacts
from fakeid.io import parse_record


def jpeg(quality: int | None, subsampling: str = "4:2:0") -> FileFacts:
    return FileFacts("JPEG", 64, 64, 1000, quality, subsampling, False)


def other(container: str) -> FileFacts:
    return FileFacts(container, 64, 64, 9000, None, None, False)


def spread(low: int, high: int, count: int = 110) -> list[FileFacts]:
    return [jpeg(low + at % (high - low + 1)) for at in range(count)]


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ([other("PNG")] * 50, [other("PNG")] * 50),
        ([other("PNG")] * 50, [other("BMP")] * 50),  # both are lossless
        (spread(71, 92), spread(71, 92)),
        ([jpeg(75)] * 48 + [other("PNG")] * 2, [jpeg(75)] * 50),  # 4 %
        ([jpeg(75)] * 2, [other("PNG")] * 2),  # four files are too few
        ([other("WEBP")] * 50, [other("WEBP")] * 50),
    ],
)
def test_no_codec_where_the_histories_are_alike(real: list[FileFacts], fake: list[FileFacts]) -> None:
    choice = choose_by_facts(real, fake)
    assert choice.quality is None
    assert "the same codecs" in str(choice)
    assert choose_by_facts(fake, real) == choice


def test_without_facts_it_is_said_why_there_is_no_codec() -> None:
    assert str(choose_by_facts([], [])) == "no codec: the images are generated, or their files do not show a codec"


@pytest.mark.parametrize(
    ("real", "fake", "quality", "reason"),
    [
        (spread(71, 92), [other("PNG")] * 50, (50, 90), "100 % of the reals and 0 % of the fakes are JPEG"),
        ([jpeg(75)] * 50, [other("PNG")] * 50, (55, 75), "100 % of the reals"),
        ([jpeg(75)] * 50, [jpeg(95)] * 50, (55, 90), "reals are JPEG of quality 75, fakes of quality 95"),
        (spread(80, 81), [jpeg(40)] * 110, (20, 85), "of quality 80 to 81, fakes of quality 40"),
        ([other("PNG")] * 50, [jpeg(98)] * 50, (70, 90), "0 % of the reals and 100 % of the fakes are JPEG"),
        ([jpeg(75)] * 50, [jpeg(75, "4:4:4")] * 50, (55, 75), "0 % of the fakes are JPEG with 4:2:0"),
        ([other("WEBP")] * 50, [other("PNG")] * 50, (50, 90), "are WEBP"),
        ([jpeg(75)] * 50, [jpeg(75)] * 30 + [other("PNG")] * 20, (55, 75), "60 % of the fakes are JPEG"),
    ],
)
def test_a_codec_where_they_differ_and_its_range(
    real: list[FileFacts], fake: list[FileFacts], quality: tuple[int, int], reason: str
) -> None:
    choice = choose_by_facts(real, fake)
    assert choice.quality == quality
    assert reason in choice.reason
    assert "it costs accuracy on images that never were JPEG" in str(choice)
    assert choose_by_facts(fake, real).quality == quality
    assert choose_by_facts(real, fake, (60, 70)).quality == (60, 70)


def test_one_odd_file_does_not_set_the_range() -> None:
    assert choose_by_facts([*[jpeg(90)] * 99, jpeg(5)], [other("PNG")] * 50).quality == (70, 90)


def test_drawn_images_have_no_files_and_get_no_codec() -> None:
    assert choose_by_facts([], []).name == "none"


def test_a_choice_survives_being_written() -> None:
    for choice in (CodecChoice(None, "why"), CodecChoice((50, 90), "why")):
        assert parse_record(json.loads(json.dumps(choice.to_plain())), CodecChoice) == choice
