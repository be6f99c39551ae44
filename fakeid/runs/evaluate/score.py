"""Score images under degradations: those of an evaluation in one resumable pass, or selected images of a split."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console

from fakeid.config.degradations import Degradation
from fakeid.console import build_progress
from fakeid.data.cache.packs import PackedImages
from fakeid.data.datamodule import PackedDataset
from fakeid.data.records import Record
from fakeid.data.test_sets import ImageSet
from fakeid.evaluation.scores import Scores
from fakeid.images.degrade import degrade
from fakeid.io import write_atomically
from fakeid.training.predict import Scorer, tabulate_scores

_BATCH: Final = 64  # images
_SAVE_SECONDS: Final = 10.0
_AHEAD: Final = 4  # batches that are degraded in advance while one is scored

_Logits = npt.NDArray[np.float64]
_T = TypeVar("_T")


class _Task(NamedTuple):
    """One batch to score: the indices of its test set, its first image and its degradation."""

    at: int
    start: int
    which: int


@dataclass(frozen=True)
class _Work:
    """All batches of an evaluation, for one pass over the images."""

    sets: Sequence[tuple[ImageSet, PackedImages]]
    degradations: Sequence[Degradation]
    seed: int

    @cached_property
    def records(self) -> list[list[Record]]:
        """The usable images of each set."""
        return [[record for record in part.records if record.key not in packed.skipped] for part, packed in self.sets]

    def list_tasks(self) -> list[_Task]:
        """List the batches in the order in which they are scored."""
        return [
            _Task(at, start, which)
            for at, part in enumerate(self.records)
            for start in range(0, len(part), _BATCH)
            for which in range(len(self.degradations))
        ]

    def prepare(self, task: _Task) -> npt.NDArray[np.uint8]:
        """Load and degrade the images of a batch, uint8 (n, H, W, 3)."""
        keys = [record.key for record in self.records[task.at][task.start : task.start + _BATCH]]
        packed, degradation = self.sets[task.at][1], self.degradations[task.which]
        return _degrade_all(packed.take(packed.locate(keys)), keys, degradation, self.seed)

    def hash(self, identity: dict[str, Any]) -> str:
        """Compute a digest of the images and of everything else that determines the scores."""
        sets = [
            [part.name, part.source.describe(), [record.key for record in own]]
            for (part, _), own in zip(self.sets, self.records, strict=True)
        ]
        plain = [identity, self.seed, [str(degradation) for degradation in self.degradations], sets]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def join(self, logits: Sequence[_Logits]) -> Scores:
        """Join the logits of all sets into rows, ordered by degradation, then by set."""
        parts = [
            tabulate_scores(own, rows[which], degradation=str(degradation), test_set=part.name)
            for which, degradation in enumerate(self.degradations)
            for (part, _), own, rows in zip(self.sets, self.records, logits, strict=True)
        ]
        return pd.concat(parts, ignore_index=True)


def score_sets(
    sets: Sequence[tuple[ImageSet, PackedImages]],
    degradations: Sequence[Degradation],
    scorer: Scorer,
    *,
    seed: int,
    identity: dict[str, Any],
    progress_file: Path,
    console: Console,
) -> Scores:
    """Score test sets with a progress bar, without repeating what was scored before an interruption.

    Args:
        sets: Test sets with their prepared images; unusable images are left out.
        degradations: Degradations under which every image is scored.
        scorer: Scorer of the detector.
        seed: Seed of random degradations.
        identity: Plain values, other than the sets, on which the scores depend.
        progress_file: File in which scores are saved until all are computed; the caller then removes it.
        console: Console on which progress is printed.

    Returns:
        Scores ordered by degradation, then by set, in the order of the records.
    """
    work = _Work(sets, degradations, seed)
    tasks, digest = work.list_tasks(), work.hash(identity)
    logits = [np.full((len(degradations), len(part)), np.nan) for part in work.records]
    done = _read_progress(progress_file, digest, logits)
    if done:
        console.print(f"continuing after {done:,} of {len(tasks):,} batches")
    saved = time.monotonic()
    with build_progress(console) as bar, ThreadPoolExecutor() as pool:
        row = bar.add_task("scoring", total=len(tasks), completed=done, unit="batches")
        for number, (task, images) in enumerate(_prepare_ahead(pool, work.prepare, tasks[done:]), start=done + 1):
            logits[task.at][task.which, task.start : task.start + len(images)] = scorer.score(images)
            bar.advance(row)
            if time.monotonic() - saved > _SAVE_SECONDS:
                _write_progress(progress_file, digest, number, logits)
                saved = time.monotonic()
    _write_progress(progress_file, digest, len(tasks), logits)
    return work.join(logits)


def score_degraded(
    dataset: PackedDataset, chosen: Sequence[int], degradations: Sequence[Degradation], scorer: Scorer, *, seed: int
) -> dict[str, _Logits]:
    """Score selected images of a split under degradations.

    Args:
        dataset: Images of the split.
        chosen: Indices of the n images to score.
        degradations: Degradations under which every image is scored.
        scorer: Scorer of the detector.
        seed: Seed of random degradations.

    Returns:
        Degradation → logits (n,).
    """
    tasks = [(word, chosen[at : at + _BATCH]) for word in degradations for at in range(0, len(chosen), _BATCH)]

    def prepare(task: tuple[Degradation, Sequence[int]]) -> npt.NDArray[np.uint8]:
        degradation, indices = task
        images = dataset.__getitems__(list(indices)).rgb_u8.permute(0, 2, 3, 1).numpy()  # (n, H, W, 3)
        return _degrade_all(images, [dataset.records[index].key for index in indices], degradation, seed)

    found: dict[str, list[_Logits]] = {str(degradation): [] for degradation in degradations}
    with ThreadPoolExecutor() as pool:
        for (degradation, _), images in _prepare_ahead(pool, prepare, tasks):
            found[str(degradation)].append(scorer.score(images))
    return {word: np.concatenate(parts) if parts else np.empty(0) for word, parts in found.items()}


def _degrade_all(
    images: npt.NDArray[np.uint8], keys: Sequence[str], degradation: Degradation, seed: int
) -> npt.NDArray[np.uint8]:
    """Degrade images (n, H, W, 3) with the given keys."""
    return np.stack([degrade(image, degradation, key, seed=seed) for image, key in zip(images, keys, strict=True)])


def _prepare_ahead(
    pool: ThreadPoolExecutor, prepare: Callable[[_T], npt.NDArray[np.uint8]], tasks: Sequence[_T]
) -> Iterator[tuple[_T, npt.NDArray[np.uint8]]]:
    """Yield tasks with their images in order, preparing a few in advance."""
    left = iter(tasks)
    waiting = [(task, pool.submit(prepare, task)) for task in islice(left, _AHEAD)]
    try:
        while waiting:
            task, future = waiting.pop(0)
            waiting += [(following, pool.submit(prepare, following)) for following in islice(left, 1)]
            yield task, future.result()
    finally:
        for _, future in waiting:
            future.cancel()


def _write_progress(path: Path, digest: str, done: int, logits: Sequence[_Logits]) -> None:
    arrays: dict[str, Any] = {f"logits_{at}": part for at, part in enumerate(logits)}
    write_atomically(path, lambda file: np.savez(file, digest=digest, done=done, **arrays))


def _read_progress(path: Path, digest: str, logits: Sequence[_Logits]) -> int:
    """Load the saved scores if their digest is the same, and return the number of finished batches."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["digest"]) != digest:
                return 0
            for at, part in enumerate(logits):
                part[:] = file[f"logits_{at}"]
            return int(file["done"])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):  # missing or damaged: start again
        return 0
