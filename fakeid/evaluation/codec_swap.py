"""Run the swap test: does the detector follow the codec, and not the generator?"""

from typing import Final, NamedTuple

import numpy as np

from fakeid.config.constants import FAKE, REAL
from fakeid.evaluation.metrics import auroc
from fakeid.evaluation.ranking import HALF
from fakeid.evaluation.records.evaluation import SwapResult, SwapRow
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.evaluation.statistics.intervals import Measurement, estimate_called_fake, estimate_metrics

_CHANCE: Final = 0.5
_SHOWN: Final = ("auroc", "real_accuracy", "fake_accuracy")
_LEAST_LEAD: Final = 0.5  # what must be left of the lead over chance where both classes have the same codec
_CLEAR_SHIFT: Final = 0.9  # AUROC between reals as JPEG and the same reals untouched
_CLEAN: Final = "clean images"
_FAKES: Final = "fakes as JPEG"
_REALS: Final = "reals as JPEG"
_BOTH: Final = "both as JPEG"
_CODED: Final = {_FAKES: "fakes", _REALS: "reals"}
_TAKES_JPEG_FOR_A_GAN: Final = (
    "The detector takes JPEG for a GAN, and the swap test cannot say why; it follows the codec if fakes were JPEG "
    "where it was trained, but a codec also hides what photos have and fakes lack"
)


class _Verdict(NamedTuple):
    follows_codec: bool | None
    warns: bool
    sentence: str


def judge_swap(
    scores: Scores,
    quality: int,
    history: str | None = None,
    threshold: float = HALF,
    few_false_positives: float | None = None,
) -> SwapResult | None:
    """Compress the fakes alone, then the reals alone, and see what becomes of the ranking.

    A detector of generators may lose its trace to the codec, so that its AUROC falls; that is weakness, and no
    shortcut. The codec is suspect where two things come together: compressing one class alone brings the detector to
    chance level or below, and with the same codec on both classes less than half of its lead over chance is left. It
    is then said to follow the codec

    - where the tested classes themselves have come with different codecs, so that the lead that vanishes with the
      difference may have been nothing else;
    - where JPEG makes the reals much more real than they are (AUROC above 0.9 between reals as JPEG and the same reals
      untouched), which the loss of a generator's trace does not.

    Where JPEG makes the reals as much more fake it cannot be said: a codec takes the camera's noise away, as a
    generator does, and detectors that never saw a JPEG call it fake.

    Args:
        scores: Rows of the degradations `none` and `jpeg-QUALITY`, of the same images.
        quality: Of the JPEG.
        history: How the files of the classes differ in their codec, in words; None where they do not.
        threshold: Logit from which on an image is called fake; no part of the verdict.
        few_false_positives: The one that was chosen for these, whose rates the sentence tells; None where none was.

    Returns:
        None where the rows or a class are missing. What cannot be said may be so because the detector does not tell the
        classes apart even on clean images.
    """
    plain = scores.select(scores.degradation == NO_DEGRADATION)
    coded = scores.select(scores.degradation == f"jpeg-{quality}")
    if not all({REAL, FAKE} <= set(part.label.tolist()) for part in (plain, coded)):
        return None
    mixtures = {
        _CLEAN: (plain, plain),
        _FAKES: (plain, coded),
        _REALS: (coded, plain),
        _BOTH: (coded, coded),
    }
    measured = {name: _measure(*pair, threshold) for name, pair in mixtures.items()}
    area = {name: row["auroc"] for name, row in measured.items()}
    verdict = _judge(area, quality, _compare_reals(plain, coded), history)
    told = "" if few_false_positives is None or not measured[_CLEAN]["auroc"].low > _CHANCE else _tell_false_positives(
        plain, coded, quality, few_false_positives
    )  # fmt: skip
    rows = (SwapRow(name, **{metric: Estimate.of(row[metric]) for metric in _SHOWN}) for name, row in measured.items())
    return SwapResult(quality, f"{verdict.sentence}{told}.", verdict.follows_codec, verdict.warns, tuple(rows))


def _compare_reals(plain: Scores, coded: Scores) -> float:
    """AUROC of the logit for reals as JPEG against the same reals untouched: near 1 they have become more fake."""
    logits = [part.logit[part.label == REAL] for part in (plain, coded)]
    return float(auroc(np.repeat([0, 1], [len(found) for found in logits]), np.concatenate(logits)))


def _tell_false_positives(plain: Scores, coded: Scores, quality: int, threshold: float) -> str:
    """What the codec costs where the detector is used."""
    clean, jpeg = (estimate_called_fake(part.logit[part.label == REAL], threshold) for part in (plain, coded))
    link = "but" if jpeg.low > clean.high else "and"
    return (
        f"; {link} at the threshold for few false positives it calls {_percent(jpeg)} of the reals fake as JPEG "
        f"{quality}, {_percent(clean)} on clean images"
    )


def _percent(share: Measurement) -> str:
    return f"{100 * share.value:.1f}\N{NO-BREAK SPACE}% [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _measure(reals: Scores, fakes: Scores, threshold: float) -> dict[str, Measurement]:
    reals, fakes = reals.select(reals.label == REAL), fakes.select(fakes.label == FAKE)
    labels, logits = (np.concatenate([getattr(reals, name), getattr(fakes, name)]) for name in ("label", "logit"))
    return estimate_metrics(labels, logits, 0, threshold=threshold)


def _judge(area: dict[str, Measurement], quality: int, more_fake: float, history: str | None) -> _Verdict:
    clean, same = area[_CLEAN], area[_BOTH]
    if not clean.low > _CHANCE:  # NaN too
        told = f"even on clean images, reals and fakes are not told apart (AUROC {_show(clean)})"
        return _Verdict(None, False, f"The swap test says nothing: {told}")
    worst = min(_CODED, key=lambda name: area[name].value)
    found = (
        f"AUROC {_show(clean)} on clean images, {_show(area[worst])} with JPEG {quality} on the {_CODED[worst]} alone, "
        f"{_show(same)} with it on both"
    )
    lead_is_lost = same.value - _CHANCE < _LEAST_LEAD * (clean.value - _CHANCE)
    suspect = area[worst].low <= _CHANCE and lead_is_lost
    if suspect and (history or more_fake < 1 - _CLEAR_SHIFT):
        why = f"; {history}" if history else ""
        return _Verdict(True, True, f"The detector follows the codec, not the GAN: {found}{why}")
    if suspect and more_fake > _CLEAR_SHIFT:
        return _Verdict(None, True, f"{_TAKES_JPEG_FOR_A_GAN}: {found}")
    weakness = ", but loses more than half of its lead over chance to it" if lead_is_lost else ""
    return _Verdict(False, False, f"The detector does not follow the codec{weakness}: {found}")


def _show(estimate: Measurement) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
