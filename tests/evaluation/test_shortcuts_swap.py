import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from fakeid.evaluation.scores import Scores, build_scores
from fakeid.evaluation.shortcuts import judge_swap

NUM = 200


def build(reals: float, fakes: float, jpeg_reals: float, jpeg_fakes: float, num: int = NUM, seed: int = 0) -> Scores:
    """Draw logits around these means."""
    rng = np.random.default_rng(seed)
    columns = [("none", 0, reals), ("none", 1, fakes), ("jpeg-75", 0, jpeg_reals), ("jpeg-75", 1, jpeg_fakes)]
    return pd.concat(
        [
            build_scores(
                key=[f"{label}/{number}" for number in range(num)],
                label=[label] * num,
                category=["cat"] * num,
                generator=["progan" if label else "camera"] * num,
                degradation=[degradation] * num,
                logit=rng.normal(mean, 1.0, num),
            )
            for degradation, label, mean in columns
        ],
        ignore_index=True,
    )


@pytest.mark.parametrize(
    ("means", "history"),
    [
        ((-1, 2, -3.5, -3), None),
        ((-2, 1, 3, 3), "JPEG files are 100 % of the fakes"),
        ((-2, 2, -2.1, -4), "JPEG files are 100 % of the reals"),
    ],
    ids=["JPEG is real", "fakes came as JPEG", "reals came as JPEG"],
)
def test_a_detector_of_the_codec_is_named(means: tuple[float, float, float, float], history: str | None) -> None:
    swap = judge_swap(build(*means), 75, history)
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (True, True)
    assert "follows the codec, not the GAN" in swap.verdict
    assert "JPEG 75" in swap.verdict
    assert history is None or history in swap.verdict


@pytest.mark.parametrize("fakes", [-1.95, -1.6], ids=["trace lost", "trace almost lost"])
def test_a_lost_trace_is_no_evidence_of_following(fakes: float) -> None:
    history = "JPEG files are 100 % of the reals"
    swap = judge_swap(build(-2, 2, -2.1, fakes), 75, history)
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (None, True)
    assert "cannot tell whether the detector follows the codec, or whether JPEG erases the trace" in swap.verdict
    assert history in swap.verdict


def test_a_lead_that_remains_clears_the_detector_whatever_the_files_were() -> None:
    swap = judge_swap(build(-2, 2, -2, 1.5), 75, "JPEG files are 100 % of the reals")
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (False, False)


# Under normal logits of variance 1, an AUROC is that of means which differ by the square root of 2 times its quantile.
@pytest.mark.parametrize("num", [20, 50, 200])
@pytest.mark.parametrize("coded", [0.66, 0.5], ids=["trace weakened", "trace erased"])
def test_an_honest_detector_is_rarely_named(num: int, coded: float) -> None:
    fakes, jpeg_fakes = np.sqrt(2) * norm.ppf([0.85, coded])
    assert share_named(num, 0, fakes, 0, jpeg_fakes) <= 0.05


def test_a_detector_of_the_codec_is_found_among_200_images_of_each_class() -> None:
    fakes, jpeg_fakes = np.sqrt(2) * norm.ppf([0.95, 0.3])
    assert share_named(200, 0, fakes, 0, jpeg_fakes) >= 0.95


def share_named(num: int, *means: float, draws: int = 20) -> float:
    """Compute how often a detector is said to follow the codec if the classes were stored with different ones."""
    swaps = [judge_swap(build(*means, num=num, seed=seed), 75, "JPEG are 100 % of the reals") for seed in range(draws)]
    return float(np.mean([swap is not None and swap.follows_codec is True for swap in swaps]))


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((-2, 2, -2, 2), "does not follow the codec:"),
        ((-2, 2, -2, -1.9), "more than half of its lead"),
        ((-2, 2, 1, 4), "does not follow the codec:"),
        ((-1, 0.5, 0.5, 0.5), "more than half of its lead"),
    ],
    ids=["robust", "trace lost", "shifted", "noise of some photos lost"],
)
def test_a_detector_of_traces_is_not_named(means: tuple[float, float, float, float], words: str) -> None:
    swap = judge_swap(build(*means), 75)
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (False, False)
    assert words in swap.verdict


@pytest.mark.parametrize("means", [(-2, 1, 3, 3), (-1, 0.5, 2, 1)], ids=["all are fake", "photos above all"])
def test_who_takes_jpeg_for_a_gan_may_never_have_seen_one(means: tuple[float, float, float, float]) -> None:
    swap = judge_swap(build(*means), 75)
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (None, True)
    assert "takes JPEG for a GAN" in swap.verdict
    assert "JPEG 75 on the reals alone" in swap.verdict


def test_who_guesses_is_not_judged() -> None:
    swap = judge_swap(build(0, 0, 0, -3), 75)
    assert swap is not None
    assert (swap.follows_codec, swap.warns) == (None, False)


def test_the_four_mixtures_are_measured() -> None:
    scores = build(-2, 2, 0, 1)
    swap = judge_swap(scores, 75)
    assert swap is not None
    rows = {row.name: row for row in swap.rows}
    assert list(rows) == ["clean images", "fakes as JPEG", "reals as JPEG", "both as JPEG"]
    coded, fake = scores.degradation == "jpeg-75", scores.label == 1
    assert rows["fakes as JPEG"].fake_accuracy.value == pytest.approx((scores.logit[coded & fake] >= 0).mean())
    assert rows["fakes as JPEG"].real_accuracy.value == pytest.approx((scores.logit[~coded & ~fake] < 0).mean())
    assert rows["reals as JPEG"].real_accuracy.value == pytest.approx((scores.logit[coded & ~fake] < 0).mean())


def test_copies_of_a_scene_are_no_further_evidence() -> None:
    scores = pd.concat([build(-1, 1, -1.1, -1.5, num=10)] * 25, ignore_index=True)  # 25 copies of each image
    names = (None, scores.key.to_numpy(str))
    independent, clustered = (judge_swap(scores, 75, "JPEG are 100 % of the reals", clusters=each) for each in names)
    assert independent is not None
    assert clustered is not None
    assert (independent.follows_codec, clustered.follows_codec) == (True, None)
    for few, many in zip(clustered.rows, independent.rows, strict=True):
        assert few.auroc.value == pytest.approx(many.auroc.value)
        assert few.auroc.high - few.auroc.low > 2 * (many.auroc.high - many.auroc.low)


def test_without_rows_of_the_codec_there_is_no_test() -> None:
    scores = build(-2, 2, 0, 1)
    assert judge_swap(scores, 90) is None
    assert judge_swap(scores[scores.label == 1], 75) is None


@pytest.mark.parametrize(("jpeg_reals", "link"), [(0.8, "but"), (-2, "and")])
def test_the_price_of_the_codec_at_the_threshold_in_use_is_told(jpeg_reals: float, link: str) -> None:
    scores = build(-2, 4, jpeg_reals, 4)
    swap = judge_swap(scores, 75, few_false_positives=0.0)
    assert swap is not None
    shares = [
        float((scores.logit[(scores.degradation == name) & (scores.label == 0)] >= 0).mean())
        for name in ("jpeg-75", "none")
    ]
    told = swap.verdict.replace("\N{NO-BREAK SPACE}", " ")
    assert f"; {link} at the threshold for few false positives it calls {100 * shares[0]:.1f} % [" in told
    assert f"of the reals fake as JPEG 75, {100 * shares[1]:.1f} % [" in told
    assert told.endswith("on clean images.")
    assert "few false positives" not in judge_swap(scores, 75).verdict
