"""The page beside an exported detector: what it is and was trained on, how well it does, and what it is for."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from fakeid.config.constants import TEST, TRAIN, VAL
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.reporting.formatting import join_words
from fakeid.reporting.renderers import render_markdown
from fakeid.reporting.run.tables import tabulate_run
from fakeid.training.checkpoint import Card

_USE: Final = """## What it is for, and what not
For images of GANs with a convolutional decoder, whose trace of up-sampling is still there. Not for diffusion models,
face swaps or edited photos, whose traces are others. A verdict `real` means that no trace was found; compression,
rescaling and screenshots wear traces off. It is no evidence about a single image: before use, measure it on images of
the kind that it will meet (`fakeid evaluate`), and take the threshold from your own photos (`fakeid calibrate`)."""

_ONE_RUN: Final = (
    "In brackets 95 % intervals, over test images: another seed or machine would give another detector. Accuracies are "
    "at the threshold that the run was judged at."
)
_SPLITS: Final = {TRAIN: "to train", VAL: "to validate", TEST: "to test"}


def render_model_card(card: Card, weights: str, summary: RunSummary | None) -> str:
    """Write the page as Markdown.

    Args:
        card: Of the checkpoint.
        weights: Their hash.
        summary: Of the run; None where the checkpoint has left its folder.
    """
    calibration = Calibration.from_plain(card.calibration) if card.calibration else None
    parts = [
        f"# {card.name}", f"A detector of GAN-generated images, by fakeid. Weights `{weights}`.",
        "## What it is", *_list_options(card.config), "## What it was trained on", *_list_training(card),
        "## Threshold", _describe_threshold(calibration), "## Results", *_list_results(summary), _USE,
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _list_options(config: Mapping[str, Any]) -> Iterator[str]:
    names = {
        "network": _read(config, "model", "name"), "color": _read(config, "color", "name"),
        "residual": _read(config, "residual", "name"), "protocol": _read(config, "protocol", "name"),
        "augmentation": _read(config, "augment", "name"), "dropout": config.get("dropout"), "seed": config.get("seed"),
        "side of the images": f"{_read(config, 'data', 'image_px')} px, prepared by `{_read(config, 'data', 'prep')}`",
    }  # fmt: skip
    yield "\n".join(f"- {name}: {value}" for name, value in names.items())


def _read(config: Mapping[str, Any], group: str, name: str) -> Any:
    return (config.get(group) or {}).get(name)


def _list_training(card: Card) -> Iterator[str]:
    images = join_words([f"{count:,} {_SPLITS.get(split, split)}" for split, count in card.data.images.items()])
    lines = [
        f"data: {card.data.source.get('source', 'unknown')}, images {images}; digest `{card.data.digest}`",
        f"content: {', '.join(card.categories)}" + (f"; held out: {card.held_out}" if card.held_out else ""),
        f"generators: {', '.join(card.generators) or 'unknown'}",
        f"precision: {card.precision}; scored in float32",
    ]
    if card.files:
        quality = card.files.jpeg_quality
        codecs = [*([f"JPEG {quality[0]} to {quality[1]}"] if quality else []), *(["lossless"] * card.files.lossless)]
        lines.append(f"stored as: {join_words(codecs)}")
    yield "\n".join(f"- {line}" for line in lines)


def _describe_threshold(calibration: Calibration | None) -> str:
    if calibration is None:
        return "None was chosen: images are called fake from P(fake) = 0.5 on, and no false-positive rate is known."
    low, high = 100 * calibration.false_positive_low, 100 * calibration.false_positive_high
    of = f"photos of {calibration.photos}" if calibration.photos else "validation reals"
    called = f"{100 * calibration.measured_rate:.1f} % [{low:.1f}, {high:.1f}] of {calibration.num_real:,} {of}"
    return (
        f"Logit {calibration.threshold:.3f}, which calls {called} fake, under: {', '.join(calibration.conditions)}. "
        f"P(fake) is the logistic function of {calibration.scale:.3f} times the logit {calibration.bias:+.3f}; it is "
        f"unsure from {calibration.unsure_low:.3f} to {calibration.unsure_high:.3f}."
    )


def _list_results(summary: RunSummary | None) -> Iterator[str]:
    if summary is None:
        yield "Not known here: the checkpoint has left the folder of its run, whose `summary.json` holds them."
        return
    if summary.verdict:
        yield " ".join(summary.verdict.lines)
    yield render_markdown(replace(tabulate_run(summary), notes=())).strip()
    yield _ONE_RUN
