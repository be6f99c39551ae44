import pickle
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from fakeid.config.constants import CAMERA, DEMO_CATEGORIES, FAKE, HELD_OUT_BLOCK, REAL, UPSAMPLING_BLOCKS
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource, _build_generator
from fakeid.errors import ConfigError

_PER_CLASS = 60


def test_records_list_every_class_with_unique_keys() -> None:
    records = DemoSource(images_per_class=3).records()
    assert len(records) == len({record.key for record in records}) == 11 * 2 * 3
    assert {(r.category, r.label) for r in records} == {(c, label) for c in DEMO_CATEGORIES for label in (REAL, FAKE)}
    assert len({(r.category, r.scene) for r in records}) == len(records)


def test_reals_come_from_the_camera_and_fakes_from_four_kinds_of_decoder() -> None:
    records = DemoSource(images_per_class=2).records()
    assert {r.generator for r in records if r.label == REAL} == {CAMERA}
    assert {r.generator for r in records if r.label == FAKE} == set(UPSAMPLING_BLOCKS)


def test_each_family_has_a_network_of_its_own() -> None:
    assert _build_generator("pixel_shuffle", "leaves", 32, 0)._decoder._kernel.shape == (64, 3, 3, 3)
    first, second = (_build_generator("pixel_shuffle", name, 32, 0)._decoder._kernel for name in ("leaves", "wood"))
    assert not torch.equal(first, second)


def test_the_held_out_family_is_made_by_a_kind_that_occurs_in_training_too() -> None:
    made = {r.category: r.generator for r in DemoSource(images_per_class=1).records() if r.label == FAKE}
    assert made.pop(DEMO_CATEGORIES[-1]) in made.values()


def test_the_held_out_kind_of_decoder_occurs_nowhere_else() -> None:
    source = DemoSource(images_per_class=1, image_px=48)
    fakes = source.held_out_records(2)
    assert {(r.category, r.label) for r in fakes} == {(name, FAKE) for name in DEMO_CATEGORIES}
    assert len({r.key for r in fakes} | {r.key for r in source.records()}) == 22 + 22
    assert {r.generator for r in fakes} == {HELD_OUT_BLOCK}
    assert HELD_OUT_BLOCK not in {r.generator for r in source.records()}
    assert source.read(fakes[0]).shape == (48, 48, 3)


@pytest.mark.parametrize("image_px", [32, 66, 256])
def test_images_have_the_asked_size(image_px: int) -> None:
    source = DemoSource(images_per_class=1, image_px=image_px)
    for record in source.records()[:2]:
        image = source.read(record)
        assert image.shape == (image_px, image_px, 3)
        assert image.dtype == np.uint8


def _read_in_reverse(source: DemoSource, records: list[Record]) -> list[np.ndarray]:
    return [source.read(record) for record in reversed(records)][::-1]


def test_pixels_are_the_same_in_every_process_order_and_amount() -> None:
    source = DemoSource(images_per_class=1)
    records = [r for r in source.records() if r.category in ("leaves", "clouds", "coral")]
    with get_context("spawn").Pool(1) as pool:
        elsewhere = pool.apply(_read_in_reverse, (pickle.loads(pickle.dumps(DemoSource(images_per_class=7))), records))
    for record, image in zip(records, elsewhere, strict=True):
        np.testing.assert_array_equal(source.read(record), image)


def test_the_identity_names_what_decides_the_pixels() -> None:
    identity = DemoSource(images_per_class=1).describe()
    assert identity == DemoSource(images_per_class=9).describe()
    assert identity != DemoSource(images_per_class=1, seed=1).describe()
    assert identity != DemoSource(images_per_class=1, image_px=32).describe()
    assert "version" in identity


def test_another_seed_gives_other_images() -> None:
    record = DemoSource(images_per_class=1).records()[0]
    first, second = (DemoSource(images_per_class=1, seed=seed).read(record) for seed in (0, 1))
    assert (first != second).mean() > 0.5


@pytest.mark.parametrize("image_px", [0, 30, 65, 514])
def test_a_size_out_of_range_is_refused_by_name(image_px: int) -> None:
    with pytest.raises(ConfigError, match=rf"data\.image_px .* got {image_px}"):
        DemoSource(images_per_class=1, image_px=image_px)


def test_no_images_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        DemoSource(images_per_class=0)


@pytest.fixture(scope="module")
def images() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (N, 64, 64, 3), labels and categories."""
    source = DemoSource(images_per_class=_PER_CLASS)
    records = source.records()
    return (
        np.stack([source.read(record) for record in records]),
        np.array([record.label for record in records]),
        np.array([record.category for record in records]),
    )


def _file_facts(images: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """PNG size and color means, (N, 4), standardized within each category so that content cannot mask a shift."""
    sizes = [len(cv2.imencode(".png", image)[1]) for image in images]
    facts = np.column_stack([sizes, images.mean((1, 2))])
    for category in DEMO_CATEGORIES:
        rows = categories == category
        facts[rows] = (facts[rows] - facts[rows].mean(0)) / facts[rows].std(0)
    return facts


def _auroc(features: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Cross-validated AUROC of a linear probe, and half its 95 % interval at chance level (Hanley & McNeil 1982)."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(LogisticRegression(), features, labels, cv=folds, method="decision_function")
    positives, negatives = (labels == FAKE).sum(), (labels == REAL).sum()
    half = 1.96 * np.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    return float(roc_auc_score(labels, scores)), float(half)


def test_file_facts_and_color_means_do_not_tell_the_classes_apart(
    images: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    pixels, labels, categories = images
    auroc, half = _auroc(_file_facts(pixels, categories), labels)
    assert abs(auroc - 0.5) < half


@pytest.mark.parametrize("planted", ["brighter", "coarser"])
def test_the_same_probe_finds_a_planted_shift(planted: str, images: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    pixels, labels, categories = images
    changed = np.clip(pixels.astype(int) + 8, 0, 255) if planted == "brighter" else pixels // 2 * 2
    pixels = np.where((labels == FAKE)[:, None, None, None], changed, pixels).astype(np.uint8)
    auroc, half = _auroc(_file_facts(pixels, categories), labels)
    assert auroc - 0.5 > 2 * half


def test_the_trace_can_be_found_where_it_lies(images: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    # A linear probe on the four corners of each residual spectrum, where period 2 shows, for the first category.
    pixels, labels, categories = images
    first = categories == DEMO_CATEGORIES[0]
    gray = pixels[first].mean(-1) - np.stack([cv2.GaussianBlur(p, (3, 3), 0) for p in pixels[first].mean(-1)])
    spectrum = np.log(np.abs(np.fft.fft2(gray)))
    features = np.column_stack([spectrum[:, 32, 0], spectrum[:, 0, 32], spectrum[:, 32, 32], spectrum.mean((1, 2))])
    auroc, half = _auroc(features - features.mean(0), labels[first])
    assert auroc - 0.5 > 2 * half
