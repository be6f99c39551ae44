"""What an evaluation leaves behind to look at: figures, the page, the tables."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from fakeid.data.image_sets import ImageSet
from fakeid.data.packed import PackedImages
from fakeid.data.records import Record
from fakeid.evaluation.calibration import Calibration
from fakeid.evaluation.mistakes import find_mistakes
from fakeid.evaluation.operating_point import read_threshold
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores
from fakeid.files import write_text
from fakeid.reporting.evaluation_figures import ShownImages, plot_evaluation
from fakeid.reporting.evaluation_markdown import render_evaluation_markdown
from fakeid.reporting.evaluation_page import render_evaluation_page
from fakeid.runs.drawings import write_figure
from fakeid.runs.layout import EvaluationFolder
from fakeid.vocabulary import FAKE, REAL

_SPECTRUM_IMAGES: Final = 300  # of each spectrum; more do not change its picture

PackedSets = Sequence[tuple[ImageSet, PackedImages]]


def write_evaluation(
    folder: EvaluationFolder,
    evaluation: Mapping[str, Any],
    scores: Scores,
    calibration: Calibration | None,
    sets: PackedSets,
) -> None:
    """Draw the figures and write them, the page and the tables.

    Args:
        folder: Where.
        evaluation: The content of `evaluation.json`.
        scores: What it was computed from.
        calibration: Of the checkpoint.
        sets: What was tested, with its pixels.
    """
    trained_on = TrainedOn(*(tuple(evaluation["trained_on"][name]) for name in ("categories", "generators")))
    controls = [part.name for part, _ in sets if part.control]
    judged = scores.select(~np.isin(scores.test_set, controls))
    images = _pick_images(sets, judged, read_threshold(evaluation))
    wide, narrow = (
        plot_evaluation(evaluation, judged, trained_on, calibration, images, narrow=narrow) for narrow in (False, True)
    )
    for name, figure in wide.items():
        write_figure(folder.figures, name, figure)
    write_text(folder.markdown, render_evaluation_markdown(evaluation))
    write_text(folder.page, render_evaluation_page(evaluation, wide, narrow))


def _pick_images(sets: PackedSets, scores: Scores, threshold: float) -> ShownImages:
    by_class: dict[str, list[npt.NDArray[np.uint8]]] = defaultdict(list)
    reals = []
    for part, packed in sets:
        if part.control:
            continue
        usable = [record for record in part.records if record.key not in packed.skipped]
        reals.append(_take(packed, [record for record in usable if record.label == REAL]))
        for name in dict.fromkeys(record.generator for record in usable if record.label == FAKE):
            made = [record for record in usable if record.label == FAKE and record.generator == name]
            by_class[name].append(_take(packed, made))
    alarms, misses = find_mistakes(scores, threshold=threshold)
    return ShownImages(
        np.concatenate(reals),
        {name: np.concatenate(parts) for name, parts in by_class.items()},
        (_find(sets, alarms), alarms),
        (_find(sets, misses), misses),
    )


def _take(packed: PackedImages, records: Sequence[Record]) -> npt.NDArray[np.uint8]:
    spread = records[:: max(1, len(records) // _SPECTRUM_IMAGES)]
    return packed.take(packed.locate([record.key for record in spread]))


def _find(sets: PackedSets, rows: Scores) -> npt.NDArray[np.uint8]:
    """The images of these rows, (n, H, W, 3)."""
    by_name = {part.name: packed for part, packed in sets}
    side = sets[0][1].take(sets[0][1].locate([])).shape[1:]
    found = [
        by_name[name].take(by_name[name].locate([key]))[0]
        for name, key in zip(rows.test_set.tolist(), rows.key.tolist(), strict=True)
    ]
    return np.stack(found) if found else np.empty((0, *side), np.uint8)
