"""Run the audit: can the classes be told apart without looking for a GAN, and do the splits share images?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from fakeid.audit.duplicates import list_split_warnings
from fakeid.audit.metadata import encode_file_facts
from fakeid.audit.pixels import compute_pixel_facts, compute_residual_statistics
from fakeid.audit.probe import LEAST_PER_CLASS, LIMIT, run_probe
from fakeid.audit.result import AuditResult, ClassFacts, Duplicates, Histogram, Range, Spread, TornPairs
from fakeid.config.constants import FAKE, LABEL_NAMES, REAL
from fakeid.data.records import Record
from fakeid.evaluation.ranking import Floats, Labels
from fakeid.evaluation.records.results import Probe
from fakeid.images.file_facts import FileFacts

NO_FILE: Final = "no file"
"""Container of an image that is generated, not read from a file."""

PROBE_TITLES: Final = {"files": "file facts", "residuals": "residual statistics"}
"""Names of the probes for readers."""

MOST_TELLING: Final = 3
"""Number of features that the warning of a probe names."""

_BINS: Final = 24
_TAIL_PERCENT: Final = 0.5  # tails at each end that are counted in the outermost bins

_NO_DUPLICATES: Final = Duplicates(0, 0, (), ())
_NO_TORN_PAIRS: Final = TornPairs(0, ())

_Any = TypeVar("_Any")


def audit_images(
    records: Sequence[Record],
    facts: Sequence[FileFacts | None],
    images: npt.NDArray[np.uint8],
    *,
    codec: str,
    prep: str,
    seed: int = 0,
    duplicates: Duplicates = _NO_DUPLICATES,
    torn_pairs: TornPairs = _NO_TORN_PAIRS,
) -> AuditResult:
    """Describe both classes, and try to tell them apart by the traces of their files and processing.

    The probe `files` gets the headers of the files and `compute_pixel_facts`. With `data.codec=shared`, the last file
    of every image is the same kind of JPEG; the headers of the original files are then shown but not probed. They are
    not probed either if some images have no file. The probe `residuals` gets `compute_residual_statistics`. It cannot
    tell whether a difference comes from the files, from the content or, in strong cases, from the generator itself.

    Args:
        records: Records of n images.
        facts: Facts of the original files, (n,); None for generated images.
        images: Images as the detector gets them, RGB uint8 (n, H, W, 3), each side at least 32.
        codec: Codec of the images, `none` or `shared`.
        prep: How the images were brought to one size: `crop`, `squash` or `center_crop`.
        seed: Seed of the probes.
        duplicates: Duplicates between splits.
        torn_pairs: Pairs that are torn between splits.
    """
    labels = np.array([record.label for record in records], np.int64)
    scenes = [f"{record.category}/{record.scene}" for record in records]
    pixels, pixel_names = _tabulate([compute_pixel_facts(image) for image in images])
    residuals, residual_names = _tabulate([compute_residual_statistics(image) for image in images])
    files, file_names = _collect_features(facts, codec, pixels, pixel_names)
    probes = {
        "files": run_probe(files, labels, scenes, seed, file_names),
        "residuals": run_probe(residuals, labels, scenes, seed, residual_names),
    }
    columns = {
        **_collect_columns(facts),
        **dict(zip(pixel_names, pixels.T, strict=True)),
        **dict(zip(residual_names, residuals.T, strict=True)),
    }
    way_out = _find_way_out(codec, prep, has_files=any(each is not None for each in facts))
    warnings = [_warn(name, probe, way_out) for name, probe in probes.items() if probe and probe.warns]
    named = list(zip((REAL, FAKE), LABEL_NAMES, strict=True))
    return AuditResult(
        codec=codec,
        prep=prep,
        classes={
            name: _describe_class(_select(facts, labels, label), pixels[labels == label], pixel_names)
            for label, name in named
        },
        categories={
            name: _count([record.category for record in _select(records, labels, label)]) for label, name in named
        },
        probes=probes,
        histograms=_build_histograms(columns, labels),
        duplicates=duplicates,
        torn_pairs=torn_pairs,
        warnings=(*warnings, *list_split_warnings(duplicates, torn_pairs)),
        verdict=_judge(probes),
    )


def _tabulate(rows: Sequence[dict[str, float]]) -> tuple[Floats, list[str]]:
    names = list(rows[0]) if rows else []
    return np.array([list(row.values()) for row in rows], np.float64).reshape(len(rows), len(names)), names


def _select(values: Sequence[_Any], labels: Labels, label: int) -> list[_Any]:
    return [value for value, own in zip(values, labels, strict=True) if own == label]


def _collect_features(
    facts: Sequence[FileFacts | None], codec: str, pixels: Floats, pixel_names: list[str]
) -> tuple[Floats, list[str]]:
    """Collect the features of the probe `files`, (n, d), and the names of the d columns."""
    known = [each for each in facts if each is not None]
    if codec != "none" or not known or len(known) < len(facts):
        return pixels, pixel_names
    headers, header_names = encode_file_facts(known)
    return np.hstack([headers, pixels]), header_names + pixel_names


def _collect_columns(facts: Sequence[FileFacts | None]) -> dict[str, Floats]:
    """Collect all numbers of the headers by name, (n,) each, NaN for images without one."""
    columns = {}
    for name in ("width", "height", "jpeg_quality", "bytes_per_pixel"):
        values = [None if each is None else getattr(each, name) for each in facts]
        columns[name] = np.array([np.nan if value is None else value for value in values], np.float64)
    return columns


def _describe_class(facts: Sequence[FileFacts | None], pixels: Floats, pixel_names: Sequence[str]) -> ClassFacts:
    """Describe n images of one class.

    Args:
        facts: Facts of the files, (n,).
        pixels: Pixel facts of the images, (n, d).
        pixel_names: Names of the pixel facts, (d,).
    """
    files = [each for each in facts if each is not None]
    qualities = [each.jpeg_quality for each in files if each.jpeg_quality is not None]
    return ClassFacts(
        num_images=len(facts),
        containers=_count([NO_FILE if each is None else each.container for each in facts]),
        sizes=_count([f"{each.width} x {each.height}" for each in files]),
        jpeg_quality=Range(float(np.median(qualities)), min(qualities), max(qualities)) if qualities else None,
        subsampling=_count([each.subsampling for each in files if each.subsampling is not None]),
        exif=float(np.mean([each.has_exif for each in files])) if files else None,
        bytes_per_pixel=_measure_spread(np.array([each.bytes_per_pixel for each in files])),
        pixels={name: _measure_spread(column) for name, column in zip(pixel_names, pixels.T, strict=True)},
    )


def _count(values: Sequence[str]) -> dict[str, int]:
    """Count how often each value occurs, most frequent first."""
    return dict(Counter(values).most_common())


def _measure_spread(values: Floats) -> Spread | None:
    return Spread(float(values.mean()), float(values.std())) if len(values) else None


def _build_histograms(columns: Mapping[str, Floats], labels: Labels) -> dict[str, Histogram]:
    """Count both classes in common bins, leaving out facts that no image has.

    Args:
        columns: Values (n,) by the name of the fact, NaN for images without one.
        labels: Labels (n,).
    """
    histograms = {}
    for name, values in columns.items():
        known = ~np.isnan(values)
        if not known.any():
            continue
        low, high = np.percentile(values[known], (_TAIL_PERCENT, 100 - _TAIL_PERCENT))
        edges = np.histogram_bin_edges(np.clip(values[known], low, high), _BINS)
        real, fake = (
            np.histogram(np.clip(values[known & (labels == label)], low, high), edges)[0] for label in (REAL, FAKE)
        )
        histograms[name] = Histogram(tuple(edges.tolist()), tuple(real.tolist()), tuple(fake.tolist()))
    return histograms


def _find_way_out(codec: str, prep: str, *, has_files: bool) -> str:
    advice = [] if codec == "shared" else ["data.codec=shared"]
    advice += [] if prep == "center_crop" else ["data.prep=center_crop"]
    if not has_files:
        return "the images have no files, so no shared codec can help: report this number alongside the results"
    if advice:
        return f"set {' and '.join(advice)}, or a detector may learn the files instead of the generator"
    return (
        "use reals and fakes with the same content, size and file history, or report this number alongside the "
        "results, or a detector may learn the files instead of the generator"
    )


def _warn(name: str, probe: Probe, way_out: str) -> str:
    telling = [feature for feature, share in probe.importances.items() if share > 0][:MOST_TELLING]
    auroc = probe.auroc
    return (
        f"{PROBE_TITLES[name]} alone tell real from fake with AUROC {auroc.value:.3f} [{auroc.low:.3f}, "
        f"{auroc.high:.3f}], above {LIMIT}, mostly by {', '.join(telling).replace('_', ' ')}: {way_out}"
    )


def _judge(probes: Mapping[str, Probe | None]) -> str:
    warned = [PROBE_TITLES[name] for name, probe in probes.items() if probe and probe.warns]
    if warned:
        return f"The classes can be told apart without looking for a GAN, by {' and by '.join(warned)}."
    if None in probes.values():
        return f"Too few images to tell: the audit needs {LEAST_PER_CLASS} scenes in each class."
    return "Nothing that the audit measured tells the classes apart."
