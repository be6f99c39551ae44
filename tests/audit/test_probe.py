import numpy as np
import pytest

from fakeid.audit.probe import LEAST_PER_CLASS, run_probe
from fakeid.evaluation.records.results import Probe

LABELS = np.arange(120) % 2
ALONE = [str(i) for i in range(120)]
NAMES = [str(i) for i in range(20)]


def noise(seed: int, width: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((len(LABELS), width))


def probe(features: np.ndarray, groups: list[str] = ALONE, seed: int = 0) -> Probe:
    found = run_probe(features, LABELS, groups, seed, NAMES)
    assert found is not None
    return found


def test_noise_tells_nothing() -> None:
    found = [probe(noise(seed), seed=seed) for seed in range(5)]
    assert sum(each.auroc.low <= 0.5 <= each.auroc.high for each in found) >= 4
    assert not any(each.warns for each in found)
    assert abs(np.mean([each.auroc.value for each in found]) - 0.5) < 0.08


def test_a_shift_is_found_and_named() -> None:
    features = noise(0)
    features[:, 3] += 4 * LABELS
    found = run_probe(features, LABELS, ALONE, 0, ["a", "b", "c", "shifted", "e"])
    assert found is not None
    assert found.auroc.value > 0.95
    assert found.warns
    assert next(iter(found.importances)) == "shifted"
    assert sum(found.importances.values()) == pytest.approx(1)


def test_what_no_line_separates_is_found() -> None:
    # All fakes have one size; half of the reals are smaller, half larger.
    sizes = np.where(LABELS == 1, 0.0, np.random.default_rng(0).normal(0, 1, len(LABELS)))
    assert probe(np.column_stack([sizes, noise(1, 2)])).auroc.value > 0.9


def test_a_weak_shift_over_many_features_is_found() -> None:
    assert probe(noise(0, 20) + 0.4 * LABELS[:, None]).auroc.value > 0.75


def test_a_photo_and_its_translation_stay_together() -> None:
    # The feature identifies the scene and the label depends on it: with scenes split, nothing can be learned.
    scenes = np.arange(120) // 3
    labels = np.random.default_rng(0).permutation(np.arange(40) % 2)[scenes]
    features = np.random.default_rng(1).standard_normal((40, 4))[scenes]
    together = run_probe(features, labels, [str(scene) for scene in scenes], 0, NAMES)
    apart = run_probe(features, labels, ALONE, 0, NAMES)
    assert together is not None
    assert apart is not None
    assert apart.auroc.value > 0.85
    assert together.auroc.low < 0.5


def test_a_perfect_probe_is_perfect_whatever_the_folds_hold() -> None:
    groups = [f"{i // 3}" for i in range(120)]  # each group has two fakes and a real, or the reverse
    found = probe(np.column_stack([LABELS * 10.0, noise(0, 1)]), groups)
    assert found.auroc.value == 1
    assert found.auroc.low > 0.85


def test_the_answer_depends_on_the_seed_alone() -> None:
    np.random.seed(1)  # noqa: NPY002
    first = probe(noise(0), seed=2**40 + 3)
    np.random.seed(2)  # noqa: NPY002
    assert probe(noise(0), seed=2**40 + 3) == first
    assert probe(noise(0), seed=4) != first


def test_too_few_scenes_give_no_answer() -> None:
    count = 2 * LEAST_PER_CLASS
    features, labels = noise(0)[:count], LABELS[:count]
    assert run_probe(features, labels, ALONE[:count], 0, NAMES) is not None
    assert run_probe(features[1:], labels[1:], ALONE[1:count], 0, NAMES) is None
    assert run_probe(features, labels, ["one scene"] * count, 0, NAMES) is None
    assert run_probe(features[:0], labels[:0], [], 0, NAMES) is None


def test_constant_features_tell_nothing() -> None:
    found = probe(np.ones((120, 3)))
    assert (found.auroc.value, found.warns) == (0.5, False)
