"""A photo and its copy agree in everything except the decoder's trace."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from photo_folder import draw_photos
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fakeid.audit.pixels import compute_residual_statistics
from fakeid.config.choices import Alignment
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.simulate.pairs import Levels, add_grain, make_pair, match_sharpness
from fakeid.data.sources.photos import PhotoFolder

WIDE = (0.01, 100.0)


def repeat_pixels(levels: Levels, seed: int) -> Levels:  # noqa: ARG001
    """Act as a decoder that darkens the image and doubles pixels by repetition."""
    height, width = levels.shape[:2]
    small = cv2.resize(levels, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return 0.8 * cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def speckle(levels: Levels, seed: int) -> Levels:
    """Act as a decoder that only adds noise."""
    return levels + np.random.default_rng(seed).normal(0, 6, levels.shape).astype(np.float32)


def measure_sharpness(image: npt.NDArray[np.generic]) -> float:
    return float(cv2.Laplacian(image.astype(np.float32), cv2.CV_32F, ksize=1).std())


@pytest.mark.parametrize("size", [(96, 96), (81, 97), (64, 121)])
def test_blur_is_added_and_removed_exactly(size: tuple[int, int]) -> None:
    photo = draw_photos(1, *size)[0].astype(np.float32)
    soft = photo + 0.6 * (cv2.GaussianBlur(photo, (0, 0), 1.0, borderType=cv2.BORDER_REFLECT) - photo)
    change = np.abs(photo - soft).mean()
    assert np.abs(match_sharpness(photo, soft, WIDE) - soft).mean() < 0.05 * change
    assert np.abs(match_sharpness(soft, photo, WIDE) - photo).mean() < 0.05 * change


@pytest.mark.parametrize("size", [(96, 96), (81, 97), (64, 121)])
def test_each_ring_has_the_power_of_the_other_image_whatever_that_shows(size: tuple[int, int]) -> None:
    photo, other = (image.astype(np.float32) for image in draw_photos(2, *size))
    before, after = (np.log(average_rings(image) / average_rings(photo)) for image in (
        other, match_sharpness(other, photo, WIDE)
    ))  # fmt: skip
    assert np.abs(before).max() > 1
    assert np.abs(after[1:]).max() < 0.12  # gains are smooth, but content is not at the lowest frequencies


def average_rings(levels: npt.NDArray[np.generic], rings: int = 12) -> npt.NDArray[np.float64]:
    """Return the power in coarse frequency rings of the image, mirrored at its borders, without the mean color."""
    mirrored = np.concatenate([levels, levels[::-1]], 0)
    mirrored = np.concatenate([mirrored, mirrored[:, ::-1]], 1).astype(float)
    power = (np.abs(np.fft.fft2(mirrored - mirrored.mean((0, 1)), axes=(0, 1))) ** 2).sum(2)
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in power.shape), indexing="ij"))
    return np.bincount((radius / np.sqrt(0.5) * rings).astype(int).clip(max=rings - 1).ravel(), power.ravel())


def test_a_flat_image_stays_flat_and_an_image_keeps_its_color() -> None:
    flat, photo = np.full((96, 96, 3), 100, np.float32), draw_photos(1)[0].astype(np.float32)
    np.testing.assert_allclose(match_sharpness(flat, photo, WIDE), flat, atol=0.05)
    softened = match_sharpness(photo, flat, (0.1, 6.0))
    np.testing.assert_allclose(softened.mean((0, 1)), photo.mean((0, 1)), atol=0.01)
    np.testing.assert_allclose(softened.std((0, 1)), 0.1 * photo.std((0, 1)), rtol=0.01)


@pytest.mark.parametrize(("factor", "gain"), [(100.0, 6.0), (0.001, 0.1), (2.0, 2.0)])
def test_gains_have_bounds(factor: float, gain: float) -> None:
    photo = draw_photos(1)[0].astype(np.float32)
    gained = match_sharpness(photo, factor * photo, (0.1, 6.0))
    expected = photo.mean((0, 1)) + gain * (photo - photo.mean((0, 1)))
    np.testing.assert_allclose(gained, expected, atol=0.5)


@pytest.mark.parametrize("decode", [repeat_pixels, speckle])
def test_pairs_agree_in_size_brightness_and_sharpness(decode: object) -> None:
    ratios = []
    for number, photo in enumerate(draw_photos(20)):
        pair = make_pair(photo, decode, np.random.default_rng(number))  # type: ignore[arg-type]
        assert {image.shape for image in pair} == {photo.shape}
        assert {image.dtype for image in pair} == {np.dtype(np.uint8)}
        np.testing.assert_allclose(pair.fake.mean((0, 1)), pair.real.mean((0, 1)), atol=1)
        np.testing.assert_allclose(pair.fake.std((0, 1)), pair.real.std((0, 1)), rtol=0.06)
        assert (pair.fake != pair.real).mean() > 0.1
        ratios.append(measure_sharpness(pair.fake) / measure_sharpness(pair.real))
    np.testing.assert_allclose(ratios, 1, atol=0.25)  # gains are bounded, and a trace is not isotropic
    assert np.mean(ratios) == pytest.approx(1, abs=0.08)


def test_some_pairs_have_the_photo_itself() -> None:
    photo = draw_photos(1)[0]
    untouched = [
        np.array_equal(make_pair(photo, repeat_pixels, np.random.default_rng(seed)).real, photo) for seed in range(40)
    ]
    assert 1 < sum(untouched) < 20


def test_half_of_the_damaged_photos_are_damaged_before_they_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakeid.data.simulate.pairs.damage", lambda photo, _: np.full_like(photo, 128))
    photo, seen = draw_photos(1)[0], Counter[tuple[bool, bool]]()
    for seed in range(80):
        pair = make_pair(photo, repeat_pixels, np.random.default_rng(seed), damaged_share=0.5)
        seen[pair.real.std() < 10, pair.fake.std() < 10] += 1
    assert seen[False, True] == 0
    assert all(10 <= seen[True, copied] <= 30 for copied in (False, True))


def test_photos_are_left_alone_where_they_are_not_to_be_aligned() -> None:
    differences = {}
    for alignment in (Alignment.copies, Alignment.none):
        pairs = [
            (photo, make_pair(photo, speckle, np.random.default_rng(seed), alignment))
            for seed, photo in enumerate(draw_photos(8))
        ]
        assert all(np.array_equal(pair.real, photo) for photo, pair in pairs)
        ratios = [measure_sharpness(pair.fake) / measure_sharpness(photo) for photo, pair in pairs]
        differences[alignment] = np.abs(np.log(ratios)).mean()
    assert differences[Alignment.copies] < 0.5 * differences[Alignment.none]


def test_grain_fills_in_detail_where_it_is_missing_and_shows_nothing_of_the_other_image() -> None:
    rng = np.random.default_rng(0)
    photo = np.full((128, 128, 3), 100, np.float32)
    trace = np.zeros_like(photo)
    trace[:, :64] = 8 * np.kron(rng.choice([-1, 1], (32, 16)), [[1, -1, -1, 1]] * 4)[..., None] * [1, 0.5, 0.25]
    grainy = add_grain(photo, photo + trace, rng)
    added = grainy - photo
    assert np.abs(added[:, 80:]).max() < 1
    assert added[:, :48].std() == pytest.approx(trace[:, :48].std(), rel=0.3)
    assert added[:, :48, 0].std() / added[:, :48, 2].std() == pytest.approx(4, rel=0.3)
    assert abs(np.corrcoef(added[:, :48].ravel(), trace[:, :48].ravel())[0, 1]) < 0.1
    detailed = draw_photos(1)[0].astype(np.float32)
    np.testing.assert_allclose(add_grain(detailed, detailed, rng), detailed, atol=0.01)


def test_a_flat_photo_keeps_its_color() -> None:
    photo = np.full((64, 64, 3), (20, 120, 220), np.uint8)
    for decode in (repeat_pixels, speckle):
        for seed in range(6):
            pair = make_pair(photo, decode, np.random.default_rng(seed))
            for image in pair:
                np.testing.assert_allclose(image.mean((0, 1)), photo[0, 0], atol=1)


def test_a_pair_follows_from_its_generator() -> None:
    photo = draw_photos(1, 81, 97)[0]
    first, again, other = (make_pair(photo, speckle, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first.fake != other.fake).any()


@pytest.mark.slow
def test_brightness_contrast_and_sharpness_tell_reconstructions_of_genuine_photos_apart_and_pairs_hardly(
    lsun_bedroom: Path, tmp_path: Path
) -> None:
    folder = PhotoFolder(str(lsun_bedroom), 160)
    keys = folder.list_keys()[:200]
    bank = GeneratorBank(str(tmp_path), folder, tuple(keys[150:]), 100, 0)
    members = [Member(family, number) for family in ("progan", "dcgan", "pix2pix", "srgan") for number in (0, 1)]
    bank.fit(members)
    made: dict[str, list[npt.NDArray[np.uint8]]] = {"reconstructions": [], "pairs": []}
    for number, key in enumerate(keys[:150]):
        photo = cv2.resize(folder.read(key), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)[:144, :144]
        decode = bank.load(members[number % len(members)])
        made["reconstructions"] += [photo, decode(photo.astype(np.float32), 0).clip(0, 255).astype(np.uint8)]
        made["pairs"] += make_pair(photo, decode, np.random.default_rng(number))
    found = {name: measure_linear_probe(images) for name, images in made.items()}
    assert found["reconstructions"] > 0.9
    assert 0.4 < found["pairs"] < 0.65  # briefly fitted decoders leave more to equalize


def measure_linear_probe(images: list[npt.NDArray[np.uint8]]) -> float:
    features, labels = [list(describe(image)) for image in images], np.arange(len(images)) % 2
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    photos = np.arange(len(images)) // 2
    scores = cross_val_predict(probe, features, labels, groups=photos, cv=GroupKFold(5), method="predict_proba")
    return float(roc_auc_score(labels, scores[:, 1]))


def describe(image: npt.NDArray[np.uint8]) -> Iterator[float]:
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    yield from (gray.mean(), gray.std(), float(np.mean(image.max(2) - image.min(2))))
    for _ in range(3):
        yield float(np.log(np.abs(cv2.Laplacian(gray, cv2.CV_32F)).mean() + 0.1))
        gray = cv2.resize(gray, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    yield from compute_residual_statistics(image).values()
