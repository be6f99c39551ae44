"""Write the figures, the page and the tables of an evaluation."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, REAL
from fakeid.data.cache.packs import PackedImages
from fakeid.data.records import Record
from fakeid.data.test_sets import ImageSet
from fakeid.evaluation.failures import find_mistakes
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.scores import Scores
from fakeid.io import write_text
from fakeid.reporting.evaluation.figures import ShownImages, plot_evaluation
from fakeid.reporting.evaluation.page import render_evaluation_page
from fakeid.reporting.evaluation.text import render_evaluation_markdown
from fakeid.reporting.svg import write_figure
from fakeid.runs.layout import EvaluationFolder

_SPECTRUM_IMAGES: Final = 300  # images per spectrum; more do not change the figure

PackedSets = Sequence[tuple[ImageSet, PackedImages]]


def write_evaluation(folder: EvaluationFolder, evaluation: Evaluation, scores: Scores, sets: PackedSets) -> None:
    """Draw the figures of an evaluation and write them with the page and the tables.

    Args:
        folder: Folder to write to.
        evaluation: Results of the evaluation.
        scores: Scores that it was computed from.
        sets: Test sets with their prepared images.
    """
    controls = [part.name for part, _ in sets if part.control]
    judged = scores[~scores.test_set.isin(controls)]
    figures = plot_evaluation(evaluation, judged, _pick_images(sets, judged, evaluation.threshold.logit))
    for name, figure in figures.items():
        write_figure(folder.figures, name, figure)
    write_text(folder.markdown, render_evaluation_markdown(evaluation))
    write_text(folder.page, render_evaluation_page(evaluation, figures))


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
    called_fake, called_real = find_mistakes(scores, threshold=threshold)
    return ShownImages(
        np.concatenate(reals),
        {name: np.concatenate(parts) for name, parts in by_class.items()},
        (_find(sets, called_fake), called_fake),
        (_find(sets, called_real), called_real),
    )


def _take(packed: PackedImages, records: Sequence[Record]) -> npt.NDArray[np.uint8]:
    spread = records[:: max(1, len(records) // _SPECTRUM_IMAGES)]
    return packed.take(packed.locate([record.key for record in spread]))


def _find(sets: PackedSets, rows: Scores) -> npt.NDArray[np.uint8]:
    """Load the images of the given rows, uint8 (n, H, W, 3)."""
    by_name = {part.name: packed for part, packed in sets}
    side = sets[0][1].take(sets[0][1].locate([])).shape[1:]
    found = [
        by_name[name].take(by_name[name].locate([key]))[0]
        for name, key in zip(rows.test_set.tolist(), rows.key.tolist(), strict=True)
    ]
    return np.stack(found) if found else np.empty((0, *side), np.uint8)
