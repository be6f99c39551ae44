import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import cross_val_score

from fakeid.config.constants import DEMO_CATEGORIES
from fakeid.data.simulate.fields import fractal_field, pick_colors
from fakeid.data.simulate.scenes import paint_scene


@pytest.mark.parametrize("family", DEMO_CATEGORIES)
@pytest.mark.parametrize("size_px", [64, 90, 257])
def test_a_scene_is_light_of_the_asked_size(family: str, size_px: int) -> None:
    light = paint_scene(family, size_px, 3)
    assert light.shape == (size_px, size_px, 3)
    assert light.dtype == np.float32
    assert np.isfinite(light).all()
    assert 0 <= light.min() < light.max() <= 1
    assert light.std() > 0.03


@pytest.mark.parametrize("family", DEMO_CATEGORIES)
def test_the_seed_alone_decides_the_scene(family: str) -> None:
    first = paint_scene(family, 64, 5)
    paint_scene(family, 64, 6)
    np.testing.assert_array_equal(paint_scene(family, 64, 5), first)
    assert np.abs(paint_scene(family, 64, 6) - first).mean() > 0.01


def _look(light: np.ndarray) -> np.ndarray:
    """Return palette and texture: color means and spreads, and horizontal and vertical step sizes."""
    encoded = light ** (1 / 2.2)
    return np.concatenate(
        [
            encoded.mean((0, 1)),
            encoded.std((0, 1)),
            np.log([np.abs(np.diff(encoded, n, axis)).mean() for n in (1, 2) for axis in (0, 1)]),
        ]
    )


def test_families_are_plainly_different() -> None:
    scenes = [(paint_scene(family, 64, seed), family) for family in DEMO_CATEGORIES for seed in range(20)]
    looks, families = np.stack([_look(light) for light, _ in scenes]), [family for _, family in scenes]
    assert cross_val_score(LinearDiscriminantAnalysis(), looks, families, cv=5).mean() > 0.9


@pytest.mark.parametrize(("slope", "power"), [(0.0, -2.0), (1.0, -4.0)])
def test_a_fractal_field_has_the_spectrum_that_its_slope_names(slope: float, power: float) -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    window = np.outer(np.hanning(128), np.hanning(128))  # without it, edges would leak into every ring
    fields = [window * fractal_field(rng, 128, slope=slope) for _ in range(20)]
    spectrum = np.mean([np.abs(np.fft.fft2(field)) ** 2 for field in fields], axis=0)
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(128, 1 / 128), np.fft.fftfreq(128, 1 / 128)))
    rings = np.array([4, 6, 9, 13, 19, 28])
    energy = [spectrum[(radius >= ring) & (radius < 1.2 * ring)].mean() for ring in rings]
    assert np.polyfit(np.log(rings), np.log(energy), 1)[0] == pytest.approx(power, abs=0.6)


def test_a_fractal_field_is_standardized() -> None:
    field = fractal_field(np.random.Generator(np.random.PCG64(0)), 100, stretch=4)
    assert field.mean() == pytest.approx(0, abs=1e-4)
    assert field.std() == pytest.approx(1, abs=1e-4)


def test_colors_are_those_of_colorsys() -> None:
    import colorsys

    for hue in (0.0, 0.2, 0.4, 0.55, 0.7, 0.9, -0.05, 1.3):
        color = pick_colors(np.random.Generator(np.random.PCG64(0)), 1, (hue, hue), (0.6, 0.6), (0.8, 0.8))[0]
        np.testing.assert_allclose(color ** (1 / 2.2), colorsys.hsv_to_rgb(hue % 1, 0.6, 0.8), atol=1e-5)
