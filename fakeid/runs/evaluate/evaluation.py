"""Test a trained detector on any images under every degradation, and write the results and a page."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from fakeid.checkpoints import hash_checkpoint
from fakeid.config.degradations import NO_DEGRADATION, Degradation, parse_degradation
from fakeid.config.identity import TRAINED_EVALUATION
from fakeid.config.parse import Config, parse
from fakeid.config.test_sets import name_test_sets
from fakeid.console import StatusLine
from fakeid.data.cache.packs import PackedImages
from fakeid.data.test_sets import ImageSet
from fakeid.errors import CheckpointError, ConfigError
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.scores import Scores, write_scores
from fakeid.io import clear_output_errors, lock_folder, shorten_name, write_record
from fakeid.reporting.degradations import describe_degradations
from fakeid.reporting.evaluation.text import render_evaluation_table
from fakeid.runs.evaluate.analyze import compute_evaluation, read_calibration
from fakeid.runs.evaluate.score import score_sets
from fakeid.runs.evaluate.test_sets import list_sets, pack_sets
from fakeid.runs.evaluate.write import write_evaluation
from fakeid.runs.images import settle_codec
from fakeid.runs.layout import EvaluationFolder, RunFolder
from fakeid.runs.provenance import SCORING_PRECISION
from fakeid.training.checkpoint import Card, load_module, read_card
from fakeid.training.predict import Scorer
from fakeid.training.trainer import choose_device, cpu_as_asked


def run_evaluation(
    checkpoint: Path, options: Config, console: Console, *, own: bool = True, output: Path | None = None
) -> Evaluation:
    """Test a checkpoint and write scores, metrics, figures and a page.

    Args:
        checkpoint: Folder of a run, or any `tested.ckpt`.
        options: Options of which `evaluation`, `trainer`, `paths` and the treatment of unusable images are used. The
            images of the run's own test are taken from the location in the checkpoint, unless `paths.data` is given.
        console: Console on which progress and the table are printed.
        own: Whether to test the run's own images in addition to `evaluation.sets`.
        output: Folder of the files; None is `evaluation` in the folder of the run, or in the current folder for a
            checkpoint without a run. Without the run's own images, the names of the test sets are added.

    Raises:
        FakeidError: An error that the user can fix.
        KeyboardInterrupt: The user pressed Ctrl-C; the same call continues.
    """
    path, run = find_checkpoint(checkpoint)
    card = read_card(path)
    config = adopt(card, options)
    folder = EvaluationFolder(output or _name_output(run, config, own))
    with cpu_as_asked(config.trainer), clear_output_errors(folder.path, "--output"):
        folder.path.mkdir(parents=True, exist_ok=True)
        busy = f"another process writes to {folder.path}; wait for it, or choose another folder with --output"
        with lock_folder(folder.path, wait=False, busy=busy):
            sets = pack_sets(config, list_sets(config, console, card=card, own=own), console)
            scores = _score(path, config, sets, folder, console)
            folder.numbers.unlink(missing_ok=True)  # so that old results never lie beside new scores
            write_scores(folder.scores, scores)
            with StatusLine(console, "measuring"):
                evaluation = compute_evaluation(scores, card, config, sets, path, output)
            with StatusLine(console, "drawing the figures"):
                write_evaluation(folder, evaluation, scores, sets)
            write_record(folder.numbers, evaluation)  # last: its presence means that all files are there
            folder.progress.unlink(missing_ok=True)
    console.print(render_evaluation_table(evaluation))
    for label, place in (("numbers", folder.numbers), ("scores", folder.scores), ("page", folder.page)):
        console.print(f"{label:8} {place}", soft_wrap=True)
    return evaluation


def find_checkpoint(place: Path) -> tuple[Path, RunFolder | None]:
    """Find the checkpoint at a path, and the run that it belongs to, if any.

    Args:
        place: Folder of a run, or a checkpoint.

    Returns:
        Path of the checkpoint, and its run; None for a checkpoint outside of a run's folder.

    Raises:
        CheckpointError: There is no checkpoint, or the path is not text.
    """
    if not str(place).isprintable():
        raise CheckpointError(f"the path {str(place)!r} is not UTF-8, or cannot be printed: rename its folders")
    if place.is_dir():
        run = RunFolder(place)
        if not run.tested.exists():
            raise CheckpointError(
                f"{place} has no {run.tested.relative_to(place)}: give a finished run's folder or a checkpoint file; "
                "python -m fakeid status DIR lists unfinished runs"
            )
        return run.tested, run
    if not place.exists():
        raise CheckpointError(f"there is no run and no checkpoint at {place}")
    run = RunFolder(place.absolute().parent.parent)
    return place, run if run.tested == place.absolute() else None


def adopt(card: Card, options: Config) -> Config:
    """Combine the options of the run that made a checkpoint, including its codec, with those of this evaluation.

    Raises:
        CheckpointError: The checkpoint was made by a release with other options.
    """
    try:
        config = settle_codec(parse(OmegaConf.create(card.config)), card.data)
        read_calibration(card)  # before hours of scoring
    except (ConfigError, OmegaConfBaseException, AttributeError, LookupError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{card.name} was trained by another release of fakeid, or is damaged: {error}"
        ) from error
    paths = dataclasses.replace(options.paths, data=options.paths.data or config.paths.data)
    roots = {name: getattr(options.data, name) for name in ("real", "fake") if getattr(options.data, name).root}
    data = dataclasses.replace(config.data, on_bad_image=options.data.on_bad_image, **roots)
    trained = {name: getattr(config.evaluation, name) for name in TRAINED_EVALUATION}
    evaluation = dataclasses.replace(options.evaluation, **trained)
    return dataclasses.replace(
        config, evaluation=evaluation, trainer=options.trainer, paths=paths, data=data, force=options.force
    )


def _name_output(run: RunFolder | None, config: Config, own: bool) -> Path:
    name = "evaluation" if own else "-".join(["evaluation", *(part.name for part in name_test_sets(config.evaluation))])
    return run.path / shorten_name(name) if run else Path(shorten_name(name))


def _score(
    path: Path,
    config: Config,
    sets: Sequence[tuple[ImageSet, PackedImages]],
    folder: EvaluationFolder,
    console: Console,
) -> Scores:
    device = choose_device(config.trainer.accelerator.value)
    degradations = list_degradations(config)
    num_images = sum(len(part.records) - len(packed.skipped) for part, packed in sets)
    how = describe_degradations([str(degradation) for degradation in degradations])
    console.print(f"scoring {num_images:,} images, {how}, on the {device.upper()} in {SCORING_PRECISION}")
    return score_sets(
        sets,
        degradations,
        Scorer(load_module(path), device=device),
        seed=config.evaluation.seed,
        identity={"checkpoint": hash_checkpoint(path), "precision": SCORING_PRECISION, "device": device},
        progress_file=folder.progress,
        console=console,
    )


def list_degradations(config: Config) -> list[Degradation]:
    """List the degradations of every image: `none` first, and that of the swap test included."""
    evaluation = config.evaluation
    swap = [f"jpeg-{evaluation.swap_quality}"] if evaluation.swap_quality else []
    words = dict.fromkeys([NO_DEGRADATION, *evaluation.degradations, *swap])
    return [parse_degradation(word) for word in words]
