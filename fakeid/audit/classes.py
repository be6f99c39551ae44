"""Can the classes be told apart without looking for a GAN?"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.audit.describe import count_values, describe_class, draw_histograms
from fakeid.audit.facts import FileFacts
from fakeid.audit.features import encode_file_facts
from fakeid.audit.pixel_facts import compute_pixel_facts
from fakeid.audit.probe import LEAST_PER_CLASS, LIMIT, Probe, run_probe
from fakeid.audit.statistics import compute_residual_statistics
from fakeid.data.records import Record
from fakeid.evaluation.metrics import Floats, Labels
from fakeid.vocabulary import LABEL_NAMES

_PROBES: Final = {"files": "file facts", "residuals": "residual statistics"}
_MOST_TELLING: Final = 3


def audit_images(
    records: Sequence[Record],
    facts: Sequence[FileFacts | None],
    images: npt.NDArray[np.uint8],
    *,
    codec: str,
    prep: str,
    seed: int = 0,
) -> dict[str, Any]:
    """Describe both classes, and try to tell them apart by what their files and pipelines left behind.

    The probe `files` sees the headers of the files and `compute_pixel_facts`. With `data.codec=shared` every image's
    last file is the same kind of JPEG, so that the headers of the original files are shown but not probed; nor are
    they where some images have no file. The probe `residuals` sees `compute_residual_statistics`. It cannot say
    whether a difference comes from the files, from the content or, in strong cases, from the generator itself.

    Args:
        records: Of n images.
        facts: (n,), of the original files; None for images that are drawn.
        images: As the detector gets them, RGB uint8 (n, H, W, 3), each side at least 32.
        codec: `none` or `shared`, which the images went through.
        prep: How they were brought to one size: `crop`, `squash` or `center_crop`.
        seed: Of the probes.

    Returns:
        Plain values: `codec`, `prep`, `classes` (by `real` and `fake`: counts and the table's values), `probes`
        (`files` and `residuals`: `auroc` with `value`, `low` and `high`, `warns` and `importances`; None with too few
        images), `histograms` (by name: `edges` and the counts of `real` and `fake`), `warnings` (sentences for the
        user, each with what to do) and `verdict` (one sentence).
    """
    labels = np.array([record.label for record in records], np.int64)
    scenes = [f"{record.category}/{record.scene}" for record in records]
    pixels, pixel_names = _tabulate([compute_pixel_facts(image) for image in images])
    residuals, residual_names = _tabulate([compute_residual_statistics(image) for image in images])
    files, file_names = pixels, pixel_names
    known = [each for each in facts if each is not None]
    if codec == "none" and len(known) == len(facts) > 0:
        headers, header_names = encode_file_facts(known)
        files, file_names = np.hstack([headers, pixels]), header_names + pixel_names
    probes = {
        "files": run_probe(files, labels, scenes, seed, file_names),
        "residuals": run_probe(residuals, labels, scenes, seed, residual_names),
    }
    columns = _collect_columns(facts, pixels, pixel_names, residuals, residual_names)
    return {
        "codec": codec,
        "prep": prep,
        "classes": {
            name: describe_class(_select(facts, labels, label), pixels[labels == label], pixel_names)
            for label, name in enumerate(LABEL_NAMES)
        },
        "categories": {
            name: count_values([record.category for record in _select(records, labels, label)])
            for label, name in enumerate(LABEL_NAMES)
        },
        "probes": {name: _describe_probe(probe) for name, probe in probes.items()},
        "histograms": draw_histograms(columns, labels),
        "warnings": [_warn(name, probe, codec, prep) for name, probe in probes.items() if probe and probe.warns],
        "verdict": _judge(probes),
    }


def _tabulate(rows: Sequence[dict[str, float]]) -> tuple[Floats, list[str]]:
    names = list(rows[0]) if rows else []
    return np.array([list(row.values()) for row in rows], np.float64).reshape(len(rows), len(names)), names


def _select(values: Sequence[Any], labels: Labels, label: int) -> list[Any]:
    return [value for value, own in zip(values, labels, strict=True) if own == label]


def _collect_columns(
    facts: Sequence[FileFacts | None],
    pixels: Floats,
    pixel_names: Sequence[str],
    residuals: Floats,
    residual_names: Sequence[str],
) -> dict[str, Floats]:
    """Every numeric fact, (n,) each, NaN where an image has none."""
    columns = {}
    for name in ("width", "height", "jpeg_quality", "bytes_per_pixel"):
        values = [None if each is None else getattr(each, name) for each in facts]
        columns[name] = np.array([np.nan if value is None else value for value in values], np.float64)
    columns |= dict(zip(pixel_names, pixels.T, strict=True))
    return columns | dict(zip(residual_names, residuals.T, strict=True))


def _describe_probe(probe: Probe | None) -> dict[str, Any] | None:
    if probe is None:
        return None
    auroc = {"value": probe.auroc, "low": probe.low, "high": probe.high}
    return {"auroc": auroc, "warns": probe.warns, "importances": probe.importances}


def _warn(name: str, probe: Probe, codec: str, prep: str) -> str:
    telling = [feature for feature, share in probe.importances.items() if share > 0][:_MOST_TELLING]
    advice = [f"data.codec={codec_wanted}" for codec_wanted in ("shared",) if codec != codec_wanted]
    advice += [f"data.prep={prep_wanted}" for prep_wanted in ("center_crop",) if prep != prep_wanted]
    way_out = (
        f"set {' and '.join(advice)}"
        if advice
        else "take reals and fakes of the same content, size and file history, or report this number beside the results"
    )
    return (
        f"{_PROBES[name]} alone tell real from fake with AUROC {probe.auroc:.3f} [{probe.low:.3f}, {probe.high:.3f}], "
        f"above {LIMIT}, mostly by {', '.join(telling).replace('_', ' ')}: {way_out}, or a detector may learn the "
        f"files instead of the generator"
    )


def _judge(probes: dict[str, Probe | None]) -> str:
    warned = [_PROBES[name] for name, probe in probes.items() if probe and probe.warns]
    if warned:
        return f"The classes can be told apart without looking for a GAN, by {' and by '.join(warned)}."
    if None in probes.values():
        return f"Too few images to tell: the audit needs {LEAST_PER_CLASS} scenes in each class."
    return "Nothing that the audit looks at tells the classes apart."
