"""Evidence of whole images adds up to the score and locates a pasted patch."""

import io
from pathlib import Path

import numpy as np
import pytest
from made_detectors import build_detector, score_brightness, write_detector
from rich.console import Console
from tiny_runs import leave_out_figures

from fakeid.config.compose import compose_config
from fakeid.config.constants import FAKE, REAL
from fakeid.data.sources.demo import DemoSource
from fakeid.errors import ConfigError
from fakeid.inference.detector import load_detector
from fakeid.inference.predictor import Predictor
from fakeid.inference.tiles import place_tiles
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training

NOISE = np.random.default_rng(0).integers(0, 256, (160, 96, 3), np.uint8)


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    path = write_detector(tmp_path_factory.mktemp("made") / "x.ckpt", image_px=96, network={"backbone": "resnet18"})
    return Predictor(load_detector(path, "cpu"), check_changes=False)


def test_the_mean_over_one_square_is_the_calibrated_logit(predictor: Predictor) -> None:
    known = predictor.detector.training.calibration
    assert known
    square = NOISE[:96]
    evidence = predictor.locate(square)
    assert evidence.shape == (96, 96)
    assert evidence.mean() == pytest.approx(float(known.apply(predictor.predict(square).logit)), abs=1e-5)


def test_overlapping_squares_are_averaged(predictor: Predictor) -> None:
    evidence = predictor.locate(NOISE)
    first, second = place_tiles(160, 96, 96, 64)
    np.testing.assert_allclose(evidence[:64], predictor.locate(NOISE[first])[:64])
    both = (predictor.locate(NOISE[first])[64:] + predictor.locate(NOISE[second])[:32]) / 2
    np.testing.assert_allclose(evidence[64:96], both, atol=1e-6)


def test_what_is_not_scored_has_none(predictor: Predictor) -> None:
    evidence = Predictor(predictor.detector, max_tiles=1).locate(np.concatenate([NOISE] * 3))
    assert np.isnan(evidence[0]).all()
    assert not np.isnan(evidence[240]).any()


def test_detectors_without_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="an exported detector has no evidence maps"):
        Predictor(build_detector(score_brightness)).locate(NOISE)
    path = write_detector(tmp_path / "x.ckpt", scoring={"views": "patches"})
    with pytest.raises(ConfigError, match="scores parts of an image separately"):
        Predictor(load_detector(path, "cpu")).locate(NOISE)


@pytest.mark.slow
def test_a_planted_patch_is_found(tmp_path: Path) -> None:
    """Paste a simulated decoder's copy of another scene into a photo by the simulated camera."""
    config = compose_config([
        "trainer=cpu", "trainer.precision=float32", "logger=csv", "optim.epochs=6",
        "data.train_per_class=500", "data.test_per_class=2", "data.audit_per_class=0",
        f"paths.runs={tmp_path / 'runs'}", f"paths.cache={tmp_path / 'cache'}",
    ])  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        leave_out_figures(patch)
        run_training(config, Console(file=io.StringIO()))
    predictor = Predictor(load_detector(RunFolder.locate(config).tested, "cpu"))
    source = DemoSource(8, 256, seed=1)  # scenes and decoders that were not used in training
    records = [record for record in source.records() if record.category == "leaves"]
    reals, fakes = ([source.read(each) for each in records if each.label == label] for label in (REAL, FAKE))
    inside, outside = [], []
    for photo, fake in zip(reals, fakes, strict=True):
        planted = photo.copy()
        planted[128:, 128:] = fake[128:, 128:]
        evidence = predictor.locate(planted)
        inside.append(evidence[144:, 144:].mean())
        outside.append(evidence[:112].mean())
    assert np.mean(np.array(inside) > np.array(outside)) >= 7 / 8
