import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeid.config.degradations import DEFAULT_DEGRADATIONS, NO_DEGRADATION, Degradation, parse_degradation
from fakeid.errors import ConfigError


@pytest.mark.parametrize(
    ("word", "name", "strength"),
    [
        ("none", "none", None),
        ("jpeg-75", "jpeg", 75),
        ("webp-1", "webp", 1),
        ("blur-1.5", "blur", 1.5),
        ("downup-0.5", "downup", 0.5),
        ("crop-1", "crop", 1),
        ("noise-0.1", "noise", 0.1),
        ("social", "social", None),
    ],
)
def test_one_word_says_all(word: str, name: str, strength: float | None) -> None:
    degradation = parse_degradation(word)
    assert (degradation.name, degradation.strength) == (name, strength)
    assert str(degradation) == word


@pytest.mark.parametrize(
    ("word", "short"),
    [("jpeg-75.0", "jpeg-75"), ("blur-1.50", "blur-1.5"), ("noise-02", "noise-2"), ("crop-.8", "crop-0.8")],
)
def test_one_strength_has_one_word(word: str, short: str) -> None:
    assert str(parse_degradation(word)) == short
    assert parse_degradation(word) == parse_degradation(short)
    assert len({parse_degradation(word), parse_degradation(short)}) == 1


@given(st.sampled_from(["blur", "downup", "crop", "noise"]), st.floats(0.1, 1))
def test_a_word_is_read_as_it_was_written(name: str, strength: float) -> None:
    assert parse_degradation(str(Degradation(name, strength))) == Degradation(name, strength)


@pytest.mark.parametrize(
    "word",
    [
        *("", "-", "jpg-75", "JPEG-75", "jpeg", "jpeg-", "jpeg-high", "jpeg:75", "jpeg75", "jpeg-0", "jpeg-101"),
        *("jpeg--75", "jpeg-75.5", "webp-0", "webp-101", "blur-0", "blur-21", "blur-nan", "blur-inf", "blur--1"),
        *("downup-0", "downup-1.5", "crop-0", "crop-80", "noise-0", "noise-101", "none-1", "social-2", "social-"),
    ],
)
def test_anything_else_is_refused_with_all_there_is(word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_degradation(word)
    message = str(caught.value)
    assert message.endswith(f"got {word!r}")
    for known in (
        "none",
        "jpeg-QUALITY (a whole number from 1 to 100)",
        "webp-QUALITY (a whole number from 1 to 100)",
        "blur-SIGMA_PX (from 0.1 to 20)",
        "downup-SCALE (from 0.05 to 1)",
        "crop-SHARE (from 0.05 to 1)",
        "noise-SIGMA_LEVELS (from 0.1 to 100)",
        "social",
    ):
        assert known in message


def test_the_suite_names_each_degradation_once_and_shortly() -> None:
    assert [str(parse_degradation(word)) for word in DEFAULT_DEGRADATIONS] == list(DEFAULT_DEGRADATIONS)
    assert len(set(DEFAULT_DEGRADATIONS)) == len(DEFAULT_DEGRADATIONS)
    assert {parse_degradation(word).name for word in DEFAULT_DEGRADATIONS} == {
        *("jpeg", "webp", "blur", "downup", "crop", "noise", "social")
    }


def test_the_untouched_image_has_the_name_that_the_scores_give_it() -> None:
    assert str(parse_degradation(NO_DEGRADATION)) == NO_DEGRADATION
