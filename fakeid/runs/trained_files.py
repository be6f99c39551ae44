"""Keep in a checkpoint how its training images were stored, so that prediction can tell what is foreign to it."""

from collections.abc import Iterable
from typing import Final

from fakeid.audit.result import AuditResult
from fakeid.config.choices import SourceName
from fakeid.config.constants import LABEL_NAMES, REAL
from fakeid.config.parse import Config
from fakeid.data.sources.simulated import JPEG_QUALITIES as SIMULATED_QUALITIES
from fakeid.images.augment import JPEG_QUALITIES as AUGMENTED_QUALITIES
from fakeid.images.file_facts import TrainedFiles
from fakeid.runs.layout import RunFolder

_LOSSY: Final = {"JPEG", "WEBP"}


def describe_files(run: RunFolder, config: Config) -> TrainedFiles | None:
    """Describe the files of the training images, with what the run itself compresses.

    Returns:
        None where the run was not audited.
    """
    audit = run.read_audit()
    if audit is None:
        return None
    codec = run.read_data().codec or {}
    resampling = audit.classes[LABEL_NAMES[REAL]].pixels.get("resampling")
    return TrainedFiles(
        jpeg_quality=_join(_list_qualities(audit, config, codec.get("quality"))),
        lossless=not codec.get("quality") and any(set(each.containers) - _LOSSY for each in audit.classes.values()),
        resampling=(resampling.mean, resampling.std) if resampling else None,
    )


def _list_qualities(audit: AuditResult, config: Config, shared: tuple[int, int] | None) -> Iterable[tuple[int, int]]:
    """List the ranges of JPEG quality that images were stored at, or are compressed to."""
    if shared:
        yield shared[0], shared[1]
    for each in audit.classes.values():
        if each.jpeg_quality:
            yield each.jpeg_quality.low, each.jpeg_quality.high
    if config.augment.name.value in AUGMENTED_QUALITIES:
        yield AUGMENTED_QUALITIES[config.augment.name.value]
    if config.data.source is SourceName.simulated:
        yield SIMULATED_QUALITIES


def _join(ranges: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    known = list(ranges)
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None
