import cv2
import numpy as np
import pytest

from fakeid.audit.pixels import compute_pixel_facts, compute_residual_statistics
from fakeid.data.sources.demo import DemoSource
from fakeid.images.codecs import jpeg


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    source = DemoSource(images_per_class=1, image_px=128)
    return [source.read(record) for record in source.records() if record.label == 0]


def mean_fact(images: list[np.ndarray], name: str) -> float:
    return float(np.mean([compute_pixel_facts(image)[name] for image in images]))


def test_blockiness_grows_with_compression(photos: list[np.ndarray]) -> None:
    values = [mean_fact(photos, "blockiness")]
    values += [mean_fact([jpeg(photo, quality) for photo in photos], "blockiness") for quality in (90, 60, 20)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(1, abs=0.05)
    assert values[-1] > 1.3


def test_blockiness_is_the_ratio_of_steps() -> None:
    # Steps of 4 at the block borders and of 2 in their middles.
    row = np.repeat([10, 12, 16, 18, 22, 24, 28, 30], 4)
    image = np.repeat(np.tile(row[None, :, None], (32, 1, 1)), 3, axis=2).astype(np.uint8)
    both = np.minimum(255, image.astype(int) + image.transpose(1, 0, 2)).astype(np.uint8)
    assert compute_pixel_facts(both)["blockiness"] == pytest.approx(4.1 / 2.1, rel=1e-5)


@pytest.mark.parametrize("period", [2, 4])
def test_blockiness_does_not_see_the_period_of_up_sampling(photos: list[np.ndarray], period: int) -> None:
    marked = []
    for photo in photos:
        changed = np.clip(photo.astype(int), 0, 250)
        changed[::period, :] += 5
        changed[:, ::period] += 5
        marked.append(np.clip(changed, 0, 255).astype(np.uint8))
    assert mean_fact(marked, "blockiness") == pytest.approx(mean_fact(photos, "blockiness"), abs=0.03)


@pytest.mark.parametrize("factor", [1.3, 1.7])
def test_resampling_finds_interpolation(photos: list[np.ndarray], factor: float) -> None:
    larger = [cv2.resize(photo, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR) for photo in photos]
    assert mean_fact([image[:128, :128] for image in larger], "resampling") > 1.5 * mean_fact(photos, "resampling")


def test_a_periodic_pattern_gives_the_peak_that_numpy_computes() -> None:
    # A line every 5 pixels has power only at multiples of 1/5; 2/5 is not one of the multiples of 1/8 left out.
    image = np.full((42, 42, 3), 100, np.uint8)
    image[:, ::5] = 102
    assert compute_pixel_facts(image)["resampling"] > 10
    assert compute_pixel_facts(np.full((42, 42, 3), 100, np.uint8))["resampling"] == 1


def test_png_size_and_means_are_those_of_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 100, 3), dtype=np.uint8)
    facts = compute_pixel_facts(image)
    assert facts["png_bytes_per_pixel"] == len(cv2.imencode(".png", image)[1]) / 12800
    means = [facts[f"mean_{color}"] for color in ("red", "green", "blue")]
    np.testing.assert_allclose(means, image.mean((0, 1)))


@pytest.mark.parametrize("shape", [(33, 33), (64, 40), (200, 256)])
@pytest.mark.parametrize("level", [0, 255])
def test_flat_images_of_any_size_give_numbers(shape: tuple[int, int], level: int) -> None:
    image = np.full((*shape, 3), level, np.uint8)
    facts = compute_pixel_facts(image)
    assert np.isfinite([*facts.values(), *compute_residual_statistics(image).values()]).all()
    assert facts["blockiness"] == facts["resampling"] == 1
