import numpy as np

from fakeid.evaluation.records.results import UNKNOWN
from fakeid.evaluation.shortcuts import judge_control

REALS, FAKES = np.random.default_rng(0).normal(((-2.0,), (2.0,)), 1, (2, 200))


def draw(mean: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1, 200)


def test_a_detector_of_blur_fires_on_the_control() -> None:
    control = judge_control("blurred", draw(1.5, seed=1), REALS, FAKES)
    assert control.fires is True
    assert control.verdict.startswith("Fires without a GAN")
    assert control.fake_share.value > 0.8


def test_a_detector_of_traces_stays_silent() -> None:
    control = judge_control("blurred", draw(-2, seed=1), REALS, FAKES)
    assert control.fires is False
    assert control.fake_share.value < 0.1


def test_shares_are_counted_at_the_threshold() -> None:
    logits = np.array([0.0, 1.0, 2.0, 3.0])
    control = judge_control("c", logits, logits - 2, logits + 2, threshold=2.0)
    assert [getattr(control, f"fake_share{of}").value for of in ("", "_of_reals", "_of_fakes")] == [0.5, 0.0, 1.0]


def test_who_detects_nothing_fires_on_nothing() -> None:
    assert judge_control("c", draw(0, 1), draw(0, 2), draw(0, 3)).fires is False


def test_what_is_missing_is_not_judged() -> None:
    empty = np.array([])
    for parts in ((empty, REALS, FAKES), (REALS, empty, FAKES), (REALS, REALS, np.array([np.nan]))):
        control = judge_control("c", *parts)
        assert control.fires is None
        assert UNKNOWN in (control.fake_auroc, control.control_auroc)


def test_clusters_widen_every_interval_of_a_control() -> None:
    images = [np.sort(logits) for logits in (draw(-0.8, seed=1), REALS, FAKES)]  # scores depend on the scene
    scenes = [np.char.add(kind, np.repeat(np.arange(10), 20).astype(str)) for kind in ("control", "real", "fake")]
    alone = judge_control("blurred", *images, -2.0)
    clustered = judge_control("blurred", *images, -2.0, scenes)
    for name in ("fake_share", "fake_share_of_reals", "control_auroc"):
        one, other = getattr(alone, name), getattr(clustered, name)
        assert one.value == other.value
        assert other.high - other.low > 1.5 * (one.high - one.low), name
    assert judge_control("blurred", *images, clusters=[np.repeat("only", 200)] * 3).fires is None
