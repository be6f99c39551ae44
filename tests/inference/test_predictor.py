"""Verdicts: what they rest on, their order, and agreement with the test of a training."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import PIL.Image
import pytest
import torch
from made_detectors import CALIBRATION, build_detector, score_brightness, write_detector

import fakeid
from fakeid.errors import BadImageError, CheckpointError, DataError, DeviceError
from fakeid.images.resize import prepare_image
from fakeid.inference import torch_detector
from fakeid.inference.prediction import Verdict
from fakeid.inference.predictor import Predictor
from fakeid.training.checkpoint import load_module
from fakeid.training.predict import Scorer


def paint(level: int, height: int = 32, width: int = 32) -> np.ndarray:
    """Paint one level with some grain, so that mild changes preserve the brightness."""
    grain = np.random.default_rng(0).integers(-9, 10, (height, width, 3))
    return (level + grain).astype(np.uint8)


@pytest.fixture
def predictor() -> Predictor:
    return Predictor(build_detector(score_brightness))


def write(folder: Path, levels: list[int]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number:03}.png" for number in range(len(levels))]
    for path, level in zip(paths, levels, strict=True):
        cv2.imwrite(str(path), paint(level))
    return paths


def test_scores_become_verdicts_with_their_reasons(predictor: Predictor) -> None:
    real, unsure, fake = (predictor.predict(paint(level)) for level in (60, 110, 160))
    assert [each.verdict for each in (real, unsure, fake)] == [Verdict.REAL, Verdict.UNSURE, Verdict.FAKE]
    assert real.reason == "below the threshold, which calls 5.0 % [2.0, 11.0] of 100 real images fake"
    assert unsure.reason == "P(fake) between 0.60 and 0.80, where more than 5 % of calls are wrong"
    assert fake.reason.startswith("at or above the threshold")
    assert fake.logit == pytest.approx(1.5, abs=0.02)
    assert fake.p_fake == pytest.approx(1 / (1 + math.exp(-(2 * fake.logit - 1))))
    assert (fake.threshold, fake.false_positive_rate, fake.false_positive_high) == (1.0, 0.05, 0.11)
    assert (fake.model, fake.width, fake.height) == ("made 0", 32, 32)


def test_a_rate_under_a_degradation_is_not_told_as_one_of_plain_photos() -> None:
    known = replace(CALIBRATION, conditions=("none", "jpeg-75"))
    assert Predictor(build_detector(score_brightness, calibration=known)).predict(paint(60)).reason.endswith("fake")
    strict = replace(known, decided_by="jpeg-75")
    real = Predictor(build_detector(score_brightness, calibration=strict)).predict(paint(60))
    assert real.reason == "below the threshold, which calls 5.0 % [2.0, 11.0] of 100 real images fake with JPEG 75"


def test_without_a_calibration_nothing_is_said_of_false_positives() -> None:
    predictor = Predictor(build_detector(score_brightness, calibration=None))
    prediction = predictor.predict(paint(60))
    assert prediction.verdict is Verdict.FAKE
    assert prediction.reason.endswith("no threshold for a known false-positive rate")
    assert prediction.false_positive_rate is None


def test_a_call_that_flips_under_a_mild_change_is_unsure() -> None:
    """This detector responds to the finest grain, which scaling removes."""

    def score(tiles: np.ndarray) -> np.ndarray:
        return np.abs(np.diff(tiles.astype(np.float64), axis=2)).mean((1, 2, 3)) / 4

    noisy = np.random.default_rng(0).integers(100, 115, (32, 32, 3)).astype(np.uint8)
    detector = build_detector(score, calibration=replace(CALIBRATION, unsure_low=0.726, unsure_high=0.732))
    prediction = Predictor(detector).predict(noisy)
    assert prediction.verdict is Verdict.UNSURE
    assert prediction.reason == "called fake, but real after JPEG 90 and scaling by 0.9"
    assert Predictor(detector, check_changes=False).predict(noisy).verdict is Verdict.FAKE


def test_a_large_image_is_the_mean_of_its_squares(predictor: Predictor) -> None:
    halves = np.concatenate([paint(40, 64, 32), paint(160, 64, 32)], axis=1)
    whole, left, right = (predictor.predict(each).logit for each in (halves, halves[:, :32], halves[:, 32:]))
    assert whole == pytest.approx((left + right) / 2)


def test_one_that_was_trained_on_resized_images_gets_them_resized() -> None:
    seen: list[np.ndarray] = []

    def score(tiles: np.ndarray) -> np.ndarray:
        seen.append(tiles)
        return np.zeros(len(tiles))

    image = paint(100, 64, 96)
    prediction = Predictor(build_detector(score, prep="squash"), check_changes=False).predict(image)
    np.testing.assert_array_equal(seen[0], prepare_image(image, 32, "squash")[None])
    assert [each.text for each in prediction.caveats] == ["resized to 32 x 32 px, as in training, which weakens traces"]


@pytest.mark.parametrize("views", ["full", "crops", "patches"])
def test_it_scores_as_the_test_of_a_training_does(tmp_path: Path, views: str) -> None:
    path = write_detector(tmp_path / "x.ckpt", image_px=80)
    predictor = fakeid.load(path, device="cpu")
    module = load_module(path)
    if views != "full":
        content = torch.load(path, weights_only=True)
        content["hyper_parameters"]["views"] = views
        torch.save(content, path)
        predictor, module = fakeid.load(path, device="cpu"), load_module(path)
    image = np.random.default_rng(1).integers(0, 256, (80, 80, 3), np.uint8)
    [expected] = Scorer(module, device="cpu").score(image[None])
    assert predictor.predict(image).logit == pytest.approx(expected, abs=1e-6)


def test_paths_pixels_gray_and_pillow_are_the_same_image(predictor: Predictor, tmp_path: Path) -> None:
    [path] = write(tmp_path, [60])
    pixels = cv2.imread(str(path))[..., ::-1]
    logits = {predictor.predict(each).logit for each in (path, str(path), pixels, PIL.Image.fromarray(pixels))}
    assert len(logits) == 1
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    assert predictor.predict(gray).logit == predictor.predict(np.stack([gray] * 3, 2)).logit


def test_sixteen_bits_are_reduced_as_those_of_a_file(predictor: Predictor, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 65_536, (32, 40), np.uint16)
    opened = PIL.Image.fromarray(pixels)
    assert opened.mode == "I;16"
    for name in ("x.png", "x.tif"):
        cv2.imwrite(str(tmp_path / name), pixels)
        assert predictor.predict(opened).logit == predictor.predict(tmp_path / name).logit
    exif = opened.getexif()
    exif[274] = 6  # rotated by 90 degrees
    assert predictor.predict(opened).width == 32


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pillow_images_without_a_known_range_are_refused(predictor: Predictor, mode: str) -> None:
    with pytest.raises(BadImageError, match=f"expected 8 or 16 bits, got Pillow's mode {mode}: scale it"):
        predictor.predict(PIL.Image.new(mode, (32, 32)))


@pytest.mark.parametrize("pixels", [np.zeros((32, 32, 3)), np.zeros((32, 32, 4), np.uint8), np.zeros(9, np.uint8)])
def test_other_arrays_are_refused(predictor: Predictor, pixels: np.ndarray) -> None:
    with pytest.raises(BadImageError, match=r"expected RGB \(H, W, 3\) or gray"):
        predictor.predict(pixels)


def test_one_image_that_cannot_be_judged_is_an_error(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(BadImageError, match="No such file"):
        predictor.predict(tmp_path / "gone.png")
    with pytest.raises(BadImageError, match="7 x 7 px is too small"):
        predictor.predict(paint(60, 7, 7))


def test_files_come_in_order_and_bad_ones_are_rows(predictor: Predictor, tmp_path: Path) -> None:
    levels = [40 + 3 * (number % 40) for number in range(100)]
    paths = write(tmp_path / "photos", levels)
    paths[17].write_bytes(b"not an image")
    cv2.imwrite(str(paths[80]), paint(60, 5, 5))
    found = list(predictor.predict_folder(tmp_path / "photos"))
    assert [each.path for each in found] == [str(path) for path in paths]
    assert [number for number, each in enumerate(found) if each.error] == [17, 80]
    assert all(each.verdict is None and each.logit is None for each in found if each.error)
    alone = [predictor.predict(path) for number, path in enumerate(paths) if number not in (17, 80)]
    assert [each for each in found if not each.error] == alone


def test_a_score_that_is_not_a_number_is_an_error() -> None:
    predictor = Predictor(build_detector(lambda tiles: np.full(len(tiles), np.nan)))
    with pytest.raises(BadImageError, match="the weights may be damaged"):
        predictor.predict(paint(60))


def test_an_image_too_small_for_the_network_does_not_end_the_others(tmp_path: Path) -> None:
    def score(tiles: np.ndarray) -> np.ndarray:
        if tiles.shape[1] < 20:
            raise DataError("too small for the network")
        return np.zeros(len(tiles))

    predictor = Predictor(build_detector(score), check_changes=False)
    paths = write(tmp_path, [60, 70])
    cv2.imwrite(str(paths[0]), paint(60, 19, 19))
    first, second = predictor.predict_files(paths)
    assert first.error == "too small for the network"
    assert second.verdict is Verdict.REAL


@pytest.mark.parametrize(("backbone", "smallest"), [("test_convnext", 32), ("test_vit3", 160)])
def test_timm_networks_refuse_small_images_one_by_one(tmp_path: Path, backbone: str, smallest: int) -> None:
    network = {"backbone": backbone, "residual": "none", "logits": "one"}
    predictor = fakeid.load(write_detector(tmp_path / "x.ckpt", image_px=160, network=network), device="cpu")
    paths = write(tmp_path, [60, 60])
    cv2.imwrite(str(paths[0]), paint(60, smallest - 1, smallest))
    cv2.imwrite(str(paths[1]), paint(60, smallest, smallest))  # its scaled and shifted copies are too small
    small, whole = predictor.predict_files(paths)
    assert small.error == f"{smallest} x {smallest - 1} px is too small for the network"
    assert whole.verdict


def test_other_errors_of_a_network_are_not_taken_for_the_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = fakeid.load(write_detector(tmp_path / "x.ckpt"), device="cpu")
    for side, error in ((48, RuntimeError("broken")), (40, torch.OutOfMemoryError("full"))):
        monkeypatch.setattr(torch_detector, "average_views", Mock(side_effect=error))
        with pytest.raises(type(error)):
            predictor.predict(paint(60, side, side))


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="needs a machine without this device")
def test_a_device_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"torch cannot use --device mps here \(.+\): use cpu, or omit --device"):
        fakeid.load(write_detector(tmp_path / "x.ckpt"), device="mps")


def test_a_panorama_that_no_jpeg_can_hold_does_not_end_the_others(predictor: Predictor, tmp_path: Path) -> None:
    paths = write(tmp_path, [60, 60])
    cv2.imwrite(str(paths[0]), paint(60, 32, 65_600))
    long, short = predictor.predict_files(paths)
    assert (long.verdict, long.width) == (Verdict.REAL, 65_600)
    assert short.verdict is Verdict.REAL


def test_a_million_files_are_not_listed_before_the_first_is_judged(predictor: Predictor, tmp_path: Path) -> None:
    [path] = write(tmp_path, [60])
    asked = 0

    def list_endlessly() -> Iterator[Path]:
        nonlocal asked
        while True:
            asked += 1
            yield path

    assert next(predictor.predict_files(list_endlessly())).verdict is Verdict.REAL
    assert asked < 100


def test_a_detector_of_drawings_is_refused(tmp_path: Path) -> None:
    path = write_detector(tmp_path / "x.ckpt", source="demo")
    with pytest.raises(CheckpointError, match="was trained on drawings"):
        fakeid.load(path)
    assert fakeid.load(path, anyway=True, device="cpu").detector.training.is_on_drawings


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"config": {}}, "does not say what it was trained on"),
        ({"config": {"data": {"image_px": "wide", "prep": "crop", "source": "x"}}}, "does not say"),
        ({"calibration": {"scale": 1.0}}, "does not say"),
        ({"calibration": {**CALIBRATION.__dict__, "scale": -1.0}}, "does not say"),
    ],
)
def test_a_checkpoint_without_what_a_test_writes_is_refused(tmp_path: Path, changes: dict, error: str) -> None:
    with pytest.raises(CheckpointError, match=error):
        fakeid.load(write_detector(tmp_path / "x.ckpt", **changes))


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no run and no checkpoint"):
        fakeid.load(tmp_path / "gone")
    with pytest.raises(CheckpointError, match=r"has no checkpoints.tested\.ckpt"):
        fakeid.load(tmp_path)
    (tmp_path / "x.ckpt").write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")  # a pickle that would run a program
    with pytest.raises(CheckpointError, match="damaged or not a checkpoint"):
        fakeid.load(tmp_path / "x.ckpt")
    assert not Path("hacked").exists()
