"""`fakeid calibrate`: a new checkpoint whose threshold comes from a user's own photos."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from made_detectors import write_detector

import fakeid
from fakeid.checkpoints import hash_checkpoint
from fakeid.data.sources.photos import PhotoFolder
from fakeid.evaluation.fit_calibration import fit_to_reals
from fakeid.training.checkpoint import Card, read_card

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(25):
        image = cv2.GaussianBlur(rng.integers(0, 256, (48, 48, 3), np.uint8), (0, 0), 0.5 + 0.1 * number)
        cv2.imwrite(str(folder / f"{number:02}.png"), image)
    (folder / "\x1b[1mtext.png").write_bytes(b"no image")  # a name that a terminal would obey
    return folder


def test_the_copy_says_whose_photos_chose_its_threshold(typed: Typed, photos: Path, tmp_path: Path) -> None:
    original = write_detector(tmp_path / "tested.ckpt")
    content = original.read_bytes()
    code, out, err = typed("calibrate", str(original), "--reals", str(photos), "--fpr", "0.1", "--device", "cpu")
    assert (code, err) == (0, "")
    assert "left out 1 of 26 files; the first: \\x1b[1mtext.png is not a PNG" in out
    assert "threshold from 25 photos: calls 4.0 % of them fake" in out
    assert original.read_bytes() == content
    new = tmp_path / "calibrated.ckpt"
    before, after = fakeid.load(original, device="cpu"), fakeid.load(new, device="cpu")
    logits = [each.logit for each in before.predict_folder(photos) if each.logit is not None]
    expected = fit_to_reals(np.array(logits), 0.1, before.detector.training.calibration, photos.name)
    assert after.detector.training.calibration
    assert after.detector.training.calibration == replace(
        expected, threshold=after.detector.training.calibration.threshold
    )
    assert after.detector.training.calibration.threshold == pytest.approx(expected.threshold, abs=1e-6)
    told = [each for each in after.predict_folder(photos) if each.verdict]
    assert sum(each.logit >= each.threshold for each in told) == 1
    assert any(f"25 photos in {photos.name}" in each.reason for each in told)
    assert hash_checkpoint(new) == hash_checkpoint(original)
    assert after.detector.training.model != before.detector.training.model


def test_what_a_training_wrote_stays_in_the_copy(tmp_path: Path, photos: Path, typed: Typed) -> None:
    config = {"data": {"image_px": 48, "prep": "crop", "source": "folders"}}
    card = Card("run", ["cat"], ["progan"], "sheep", config, {"source": {}, "digest": "x", "images": {}}, "bf16", None)  # type: ignore[arg-type]
    fields = {name: value for name, value in card.__dict__.items() if name not in ("config", "files")}
    original = write_detector(tmp_path / "tested.ckpt", **fields)
    assert typed("calibrate", str(original), "--reals", str(photos), "--output", "mine.ckpt")[0] == 0
    copied = read_card(tmp_path / "mine.ckpt")
    assert copied.name.startswith("run-calibrated-")
    assert (copied.categories, copied.generators, copied.held_out) == (["cat"], ["progan"], "sheep")
    assert copied.calibration
    assert copied.calibration["photos"] == photos.name


def test_a_folder_whose_name_is_no_text_can_choose_the_threshold(typed: Typed, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.symlink_to(photos, target_is_directory=True)
    write_detector(tmp_path / "tested.ckpt")
    assert typed("calibrate", "tested.ckpt", "--reals", str(folder), "--fpr", "0.1")[0] == 0
    code, _, err = typed("predict", "calibrated.ckpt", str(photos / "00.png"), "--csv", "calls.csv")
    assert (code, err) == (0, "")
    assert "25 photos in caf\\xe9" in (tmp_path / "calls.csv").read_text()


def test_photos_that_were_trained_on_are_refused(typed: Typed, photos: Path, tmp_path: Path) -> None:
    trained = PhotoFolder(str(photos), smallest_px=48)
    source = {"source": "simulated", "photos": trained.hash_files(trained.list_keys())}
    write_detector(tmp_path / "tested.ckpt", source="simulated", data={"source": source, "digest": "0", "images": {}})
    code, _, err = typed("calibrate", "tested.ckpt", "--reals", f"{photos}/*.png", "--reals", str(photos))
    assert code == 1
    assert f"{photos} contains the training images of made: name other photos with --reals" in " ".join(err.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--reals", "gone"], "there is no file or folder 'gone'"),
        (["--reals", "PHOTOS", "--fpr", "5"], "--fpr must be between 0 and 1, got 5; 0.05 calls 5 %"),
        (["--reals", "PHOTOS", "--fpr", "0.01"], "a false-positive rate of 1 % takes at least 99 photos, got 25"),
        (["--reals", "PHOTOS", "--output", "tested.ckpt"], "tested.ckpt already exists: name another file"),
        ([], "missing option '--reals'"),
    ],
)
def test_mistakes_are_one_sentence(typed: Typed, photos: Path, tmp_path: Path, words: list[str], told: str) -> None:
    write_detector(tmp_path / "tested.ckpt")
    code, _, err = typed("calibrate", "tested.ckpt", *(str(photos) if word == "PHOTOS" else word for word in words))
    assert code in (1, 2)
    assert told in err
    assert not (tmp_path / "calibrated.ckpt").exists()
