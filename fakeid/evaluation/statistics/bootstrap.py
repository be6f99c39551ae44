"""Draw the resamples of a stratified bootstrap, of single images or of whole clusters."""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import CLASS_SUFFIX, FAKE, REAL
from fakeid.errors import ConfigError
from fakeid.evaluation.ranking import Floats, Labels, Places

STEM: Final = "stem"
"""The rule that clusters images of a category by file name, ignoring folder, extension, and `_real` or `_fake`: a photo
and its copy made by a generator."""


def name_clusters(keys: Sequence[str], categories: Sequence[str], by: str) -> npt.NDArray[np.str_]:
    """Derive the name of each image's cluster from its key; images of different categories never share a cluster.

    Args:
        keys: Paths with forward slashes, (n,).
        categories: Category of each image, (n,).
        by: `stem`, or a regular expression such as `scene_[0-9]+`. The text matched by its groups, or the whole match
            if it has no groups, names the cluster. An image whose key does not match is a cluster of its own.

    Returns:
        Names of clusters, (n,).

    Raises:
        ConfigError: `by` is not a regular expression.
    """
    try:
        pattern = re.compile(by)
    except re.error as error:
        raise ConfigError(
            f"cluster must be {STEM} or a regular expression that occurs in the keys of images, such as "
            f"'scene_[0-9]+', got {by!r}: {error}"
        ) from error
    names = []
    for key, category in zip(keys, categories, strict=True):
        if by == STEM:
            parts: tuple[str, ...] = (CLASS_SUFFIX.sub("", PurePosixPath(key).stem),)
        elif found := pattern.search(key):
            parts = tuple(part or "" for part in found.groups()) or (found[0],)
        else:
            parts = ("", key)  # a unique name: no match is as long as the whole key
        names.append("\n".join((category, *parts)))
    return np.array(names, dtype=np.str_)


_CELLS_AT_ONCE: Final = 1_000_000  # resamples times images in one batch: about 50 MB


def draw_repeats(
    labels: Labels, logits: Floats, clusters: npt.ArrayLike | None, rng: np.random.Generator, resamples: int
) -> Iterator[Floats]:
    """Draw in batches how often each image occurs in each resample of a stratified bootstrap.

    Without clusters, reals and fakes are drawn separately, each as many as there are. With clusters, whole clusters are
    drawn with all their images. Clusters of reals only, of fakes only and of both are drawn separately, each as many as
    there are, so that every resample has both classes. Resamples differ in size if clusters do.

    Args:
        labels: Labels, (n,), 0 or 1.
        logits: Logits, (n,). Without clusters, images are identified by label and logit alone, so that their order does
            not matter.
        clusters: Name of each image's cluster, (n,); None makes each image its own cluster.
        rng: Random generator, which advances with each batch.
        resamples: Number of resamples.

    Yields:
        Counts, (rows, n); the rows of all batches add up to `resamples`.
    """
    if clusters is None:
        unit = np.empty(len(labels), dtype=np.intp)
        unit[np.lexsort((logits, labels))] = np.arange(len(labels))  # reals, then fakes
        sizes = [int((labels == label).sum()) for label in (REAL, FAKE)]
    else:
        unit, sizes = _stratify(labels, clusters)
    batch = max(1, _CELLS_AT_ONCE // max(1, len(labels)))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        drawn = np.concatenate([_draw(rng, rows, size) for size in sizes], axis=1)  # (rows, units)
        yield drawn[:, unit].astype(np.float64)


def count_clusters(labels: Labels, clusters: npt.ArrayLike | None) -> tuple[int, int, int]:
    """Count the clusters that contain a real, those that contain a fake, and all; without clusters, count images."""
    names = np.arange(len(labels)) if clusters is None else np.asarray(clusters)
    return len(np.unique(names[labels == REAL])), len(np.unique(names[labels == FAKE])), len(np.unique(names))


def _stratify(labels: Labels, clusters: npt.ArrayLike) -> tuple[Places, list[int]]:
    """Number the cluster of each image, with consecutive numbers for clusters of a kind, and count each kind."""
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    has_real = np.bincount(member, weights=labels == REAL, minlength=len(names)) > 0
    has_fake = np.bincount(member, weights=labels == FAKE, minlength=len(names)) > 0
    kind = has_real + 2 * has_fake
    number = np.empty(len(names), dtype=np.intp)
    number[np.argsort(kind, kind="stable")] = np.arange(len(names))
    return number[member], np.bincount(kind, minlength=4).tolist()


def _draw(rng: np.random.Generator, rows: int, size: int) -> npt.NDArray[np.int64]:
    """Draw how often each of `size` units occurs in `size` draws with replacement: (rows, size)."""
    if size == 0:
        return np.zeros((rows, 0), dtype=np.int64)
    drawn = rng.integers(size, size=(rows, size)) + np.arange(rows)[:, None] * size
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)  # one count per row and unit
