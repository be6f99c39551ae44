"""Damage to photos: how often each kind occurs, and its effect on detail."""

import cv2
import numpy as np
from photo_folder import draw_photos

from fakeid.data.simulate.damage import damage, draw_factor


def test_photos_are_blurred_reduced_or_made_noisy_in_known_shares() -> None:
    photo, detail = draw_photos(1)[0], []
    for seed in range(200):
        damaged = damage(photo, np.random.default_rng(seed))
        assert (damaged.shape, damaged.dtype) == (photo.shape, np.uint8)
        detail.append(cv2.Laplacian(damaged, cv2.CV_32F).std())
    noisy = np.mean(np.array(detail) > cv2.Laplacian(photo, cv2.CV_32F).std())
    assert 0.12 < noisy < 0.3  # the other damaged photos have less detail than the originals
    assert not np.array_equal(photo, damage(photo, np.random.default_rng(0)))
    np.testing.assert_array_equal(photo, draw_photos(1)[0])


def test_the_mean_color_stays() -> None:
    photo = draw_photos(1)[0]
    means = [damage(photo, np.random.default_rng(seed)).mean((0, 1)) - photo.mean((0, 1)) for seed in range(50)]
    assert np.abs(means).max() < 2


def test_factors_are_often_whole() -> None:
    rng = np.random.default_rng(0)
    factors = np.array([draw_factor((1.3, 4.0), rng) for _ in range(500)])
    assert 0.3 < np.mean(factors == 2) < 0.5
    assert 0.1 < np.mean(factors == 4) < 0.3
    assert factors.min() >= 1.3
    assert factors.max() <= 4
