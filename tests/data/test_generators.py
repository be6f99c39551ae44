import cv2
import numpy as np
import pytest
import torch

from fakeid.config.constants import HELD_OUT_BLOCK, UPSAMPLING_BLOCKS
from fakeid.data.simulate.generators import SimulatedGenerator
from fakeid.data.simulate.scenes import paint_scene
from fakeid.images.camera import SENSOR_SCALE, take_photo

Photos = np.ndarray
BLOCKS = (*UPSAMPLING_BLOCKS, HELD_OUT_BLOCK)


def _photos(family: str, seeds: range) -> Photos:
    scenes = (paint_scene(family, SENSOR_SCALE * 64, seed) for seed in seeds)
    return np.stack([take_photo(scene, np.random.Generator(np.random.PCG64(0))) for scene in scenes])


@pytest.fixture(scope="module")
def leaves() -> Photos:
    return _photos("leaves", range(24))


@pytest.fixture(scope="module")
def others() -> Photos:
    """Images of leaves that no generator was fitted to."""
    return _photos("leaves", range(100, 124))


def _imitate(generator: SimulatedGenerator, photos: Photos) -> Photos:
    return np.stack([generator.imitate(photo) for photo in photos])


@pytest.fixture(scope="module", params=BLOCKS)
def generator(request: pytest.FixtureRequest, leaves: Photos) -> SimulatedGenerator:
    return SimulatedGenerator(request.param, leaves, seed=0, strength=0.3)


@pytest.fixture(scope="module")
def fakes(generator: SimulatedGenerator, others: Photos) -> Photos:
    return _imitate(generator, others)


def _png_bytes(images: Photos) -> float:
    """Return the mean file size under a noise floor like that of the built-in data."""
    noise = np.random.Generator(np.random.PCG64(1)).normal(0, 2, images.shape)
    noisy = np.clip(np.round(images + noise), 0, 255).astype(np.uint8)
    return float(np.mean([len(cv2.imencode(".png", image)[1]) for image in noisy]))


def test_color_and_file_size_are_kept(fakes: Photos, others: Photos) -> None:
    assert fakes.dtype == np.uint8
    assert fakes.shape == others.shape
    np.testing.assert_allclose(fakes.mean((1, 2)), others.mean((1, 2)), atol=1.5)
    # Detail that the trace replaces is part of the spread, which therefore falls by up to 5 %.
    np.testing.assert_allclose(fakes.std((0, 1, 2)), others.std((0, 1, 2)), rtol=0.07)
    assert _png_bytes(fakes) == pytest.approx(_png_bytes(others), rel=0.02)


def test_the_trace_repeats_every_second_pixel(fakes: Photos, others: Photos) -> None:
    # Variance of the generator's change at each of the four positions in a 2x2 cell: up-sampling treats them
    # differently. Shuffling positions within the cells gives the spread expected by chance.
    change = fakes.astype(float) - others
    cells = change[:, 2:-2, 2:-2].mean(-1).reshape(24, 30, 2, 30, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4)

    def unevenness(four: np.ndarray) -> float:
        return float(np.std([np.mean(four**2, 0), np.mean(four, 0)], axis=1).max())

    shuffled = np.random.Generator(np.random.PCG64(0)).permuted(cells, axis=1)
    assert unevenness(cells) > 3 * unevenness(shuffled)


def test_a_larger_strength_changes_more(leaves: Photos, others: Photos) -> None:
    changes = [
        np.std(_imitate(SimulatedGenerator("pixel_shuffle", leaves, seed=0, strength=strength), others) - 1.0 * others)
        for strength in (0.05, 0.15, 0.45)
    ]
    assert changes[0] < changes[1] < changes[2]


def test_another_seed_is_another_generator(leaves: Photos) -> None:
    first, again, other = (SimulatedGenerator("nearest_conv", leaves, seed=seed, strength=0.3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.imitate(leaves[0]), again.imitate(leaves[0]))
    assert (first.imitate(leaves[0]) != other.imitate(leaves[0])).mean() > 0.2


@pytest.mark.parametrize("block", BLOCKS)
def test_pixels_do_not_depend_on_the_number_of_threads(block: str, leaves: Photos) -> None:
    images = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        images.append(_imitate(SimulatedGenerator(block, leaves[:8], seed=0, strength=0.3), leaves[:2]))
    np.testing.assert_array_equal(*images)


def test_odd_and_oblong_photos_keep_their_size(generator: SimulatedGenerator, leaves: Photos) -> None:
    assert generator.imitate(np.ascontiguousarray(leaves[0, :37, :50])).shape == (37, 50, 3)
