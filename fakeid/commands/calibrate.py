"""Set the threshold of a detector from a user's own photos."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from fakeid.console import StatusLine, build_progress, make_printable, print_sentence
from fakeid.errors import CheckpointError, ConfigError, DataError, OutputError
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.fit_calibration import fit_to_reals
from fakeid.evaluation.ranking import Floats
from fakeid.evaluation.statistics.intervals import estimate_called_fake
from fakeid.inference.detector import ONNX, find_detector
from fakeid.inference.images import check_places, list_images, write_path
from fakeid.inference.predictor import Predictor, load_usable
from fakeid.inference.torch_detector import write_calibrated
from fakeid.runs.evaluate.test_sets import holds_training_photos
from fakeid.training.checkpoint import Card, read_card


def calibrate(
    checkpoint: Path, reals: Sequence[str], rate: float, output: Path | None, *, anyway: bool = False,
    device: str | None = None,
) -> Calibration:  # fmt: skip
    """Write a copy of a checkpoint whose threshold gives a wanted false-positive rate on the given photos.

    Args:
        checkpoint: Folder of a run, or its `tested.ckpt`.
        reals: Real photos, folders of them, and patterns.
        rate: Wanted false-positive rate, in (0, 1).
        output: Path of the copy; None writes `calibrated.ckpt` beside the checkpoint.
        anyway: Whether to accept a detector that was trained on drawings.
        device: `cpu`, `cuda` or `mps`; None selects the fastest.

    Returns:
        Calibration that was written to the copy.

    Raises:
        FakeidError: An input is missing or unsuitable; the message says how to fix it.
    """
    if not 0 < rate < 1:
        raise ConfigError(f"--fpr must be between 0 and 1, got {rate:g}; 0.05 calls 5 % of real photos fake")
    check_places(reals)
    path = find_detector(checkpoint)
    if path.suffix == ONNX:
        raise CheckpointError(f"{path} is an exported detector: calibrate its checkpoint, then export the copy")
    place = output or path.with_name("calibrated.ckpt")
    if place.exists():
        raise OutputError(f"{place} already exists: name another file with --output")
    _check_not_trained_on(reals, read_card(path))
    console = Console(highlight=False)
    predictor = Predictor(load_usable(checkpoint, device=device, anyway=anyway), check_changes=False)
    logits = _score(predictor, reals, console)
    name = " ".join(write_path(Path(Path(each).name or each)) for each in reals)
    before, calibration = predictor.decision, fit_to_reals(logits, rate, predictor.detector.training.calibration, name)
    write_calibrated(checkpoint, place, calibration)
    low, high = 100 * calibration.false_positive_low, 100 * calibration.false_positive_high
    print_sentence(
        console,
        f"threshold from {len(logits):,} photos: calls {100 * calibration.measured_rate:.1f} % of them fake, and "
        f"[{low:.1f}, {high:.1f}] % of further photos of this kind; the previous threshold called "
        f"{_describe_rate(logits, before.threshold)} fake",
    )
    console.print(f"written to {place}", soft_wrap=True, markup=False)
    return calibration


def _check_not_trained_on(reals: Sequence[str], card: Card) -> None:
    for each in reals:
        if holds_training_photos(each, card):
            raise DataError(f"{each} contains the training images of {card.name}: name other photos with --reals")


def _describe_rate(logits: Floats, threshold: float) -> str:
    share = estimate_called_fake(logits, threshold)
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _score(predictor: Predictor, reals: Sequence[str], console: Console) -> Floats:
    """Compute the logits of all photos that can be read."""
    with StatusLine(console, "counting the photos"):
        paths = list(list_images(reals))
    logits, errors = [], []
    with build_progress(console) as progress:
        task = progress.add_task("scoring", total=len(paths), unit="photos")
        for prediction in predictor.predict_files(paths):
            progress.advance(task)
            if prediction.logit is None:
                errors.append(prediction.error)
            else:
                logits.append(prediction.logit)
    if errors:
        left_out = f"left out {len(errors):,} of {len(paths):,} files; the first: {errors[0]}"
        print_sentence(console, make_printable(left_out))
    if not logits:
        raise DataError(
            f"none of the {len(paths):,} files in {', '.join(reals)} can be scored; name others with --reals"
        )
    return np.array(logits)
