"""Every image under every degradation, in one pass over the images that can be interrupted."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
from rich.console import Console

from fakeid.data.image_sets import ImageSet
from fakeid.data.packed import PackedImages
from fakeid.evaluation.scores import Scores
from fakeid.files import write_atomically
from fakeid.images.degradation import Degradation
from fakeid.images.degrade import degrade
from fakeid.progress import build_progress
from fakeid.runs.results import build_scores
from fakeid.training.scoring import Scorer

_BATCH: Final = 64  # images
_SAVE_SECONDS: Final = 10.0
_AHEAD: Final = 4  # batches that are degraded while one is scored

_Task = tuple[int, int, int]  # set, first image, degradation
_Logits = npt.NDArray[np.float64]


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
    """Score them, with a bar; what was scored before an interruption is not scored again.

    Args:
        sets: With their prepared images; unusable images are left out.
        degradations: What is done to every image, one after the other.
        scorer: The detector.
        seed: Of random degradations.
        identity: Plain values that change whenever other scores would come out, beside those of the sets.
        progress_file: Where scores are kept until all are there; the caller removes it then.
        console: Where progress is printed.

    Returns:
        Rows by degradation, then by set, in the order of the records.
    """
    records = [[record for record in part.records if record.key not in packed.skipped] for part, packed in sets]
    tasks = [
        (at, start, which)
        for at, part in enumerate(records)
        for start in range(0, len(part), _BATCH)
        for which in range(len(degradations))
    ]
    logits = [np.full((len(degradations), len(part)), np.nan) for part in records]
    identity = {
        **identity, "seed": seed, "degradations": [str(degradation) for degradation in degradations],
        "sets": [[part.name, part.source.describe(), [r.key for r in own]]
                 for (part, _), own in zip(sets, records, strict=True)],
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    done = _read_progress(progress_file, digest, logits)
    if done:
        console.print(f"continuing after {done:,} of {len(tasks):,} batches")

    def prepare(task: _Task) -> npt.NDArray[np.uint8]:
        at, start, which = task
        keys = [record.key for record in records[at][start : start + _BATCH]]
        packed = sets[at][1]
        images = packed.take(packed.locate(keys))
        return np.stack(
            [degrade(image, degradations[which], key, seed=seed) for image, key in zip(images, keys, strict=True)]
        )

    saved = time.monotonic()
    with build_progress(console) as bar, ThreadPoolExecutor() as pool:
        row = bar.add_task("scoring", total=len(tasks), completed=done, unit="batches")
        for number, (task, images) in enumerate(_prepare_ahead(pool, prepare, tasks[done:]), start=done + 1):
            at, start, which = task
            logits[at][which, start : start + len(images)] = scorer.score(images)
            bar.advance(row)
            if time.monotonic() - saved > _SAVE_SECONDS:
                _write_progress(progress_file, digest, number, logits)
                saved = time.monotonic()
    _write_progress(progress_file, digest, len(tasks), logits)
    return _join(sets, records, degradations, logits)


def _prepare_ahead(
    pool: ThreadPoolExecutor, prepare: Any, tasks: Sequence[_Task]
) -> Iterator[tuple[_Task, npt.NDArray[np.uint8]]]:
    """Tasks with their images, in order; a few are prepared before they are asked for."""
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
    """Fill in what is there, if it belongs to the same scores; returns how many batches are done."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["digest"]) != digest:
                return 0
            for at, part in enumerate(logits):
                part[:] = file[f"logits_{at}"]
            return int(file["done"])
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):  # missing or damaged: scored anew
        return 0


def _join(
    sets: Sequence[tuple[ImageSet, PackedImages]],
    records: Sequence[Sequence[Any]],
    degradations: Sequence[Degradation],
    logits: Sequence[_Logits],
) -> Scores:
    parts = [
        build_scores(own, rows[which], degradation=str(degradation), test_set=part.name)
        for which, degradation in enumerate(degradations)
        for (part, _), own, rows in zip(sets, records, logits, strict=True)
    ]
    return Scores.join(parts)
