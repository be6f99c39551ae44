"""Test for shortcuts: does the detector respond to blur or to the codec instead of traces of a generator?"""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.ranking import HALF, Floats, Labels
from fakeid.evaluation.records.evaluation import ControlResult, SwapResult, SwapRow
from fakeid.evaluation.records.results import Estimate
from fakeid.evaluation.scores import Scores
from fakeid.evaluation.statistics.intervals import (
    RESAMPLES,
    Measurement,
    estimate_called_fake,
    estimate_metrics,
)

_CHANCE: Final = 0.5
_LEAST_SHARE: Final = 0.5  # of the lead over chance with which actual fakes are distinguished from reals
_SHOWN: Final = ("auroc", "real_accuracy", "fake_accuracy")
_LEAST_LEAD: Final = 0.5  # share of the lead over chance that must remain if both classes have the same codec
_CLEAR_SHIFT: Final = 0.9  # AUROC between reals as JPEG and the same reals uncompressed
_RESAMPLES: Final = 1  # the metrics that are shown need none without clusters
_CLEAN: Final = "clean images"
_FAKES: Final = "fakes as JPEG"
_REALS: Final = "reals as JPEG"
_BOTH: Final = "both as JPEG"
_CODED: Final = {_FAKES: "fakes", _REALS: "reals"}
_TAKES_JPEG_FOR_A_GAN: Final = (
    "The detector takes JPEG for a GAN, and the swap test cannot say why; it follows the codec if fakes were JPEG "
    "where it was trained, but a codec also hides what photos have and fakes lack"
)

_LOSES_TRACE_OR_CODEC: Final = (
    "The swap test cannot tell whether the detector follows the codec, or whether JPEG erases the trace of the GAN"
)

Clusters: TypeAlias = npt.NDArray[np.str_] | None
"""The names of the clusters of images, (n,); None if images are independent."""


def judge_control(
    name: str,
    control: Floats,
    reals: Floats,
    fakes: Floats,
    threshold: float = HALF,
    clusters: Sequence[Clusters] = (None, None, None),
) -> ControlResult:
    """Judge whether a detector fires on a control as it does on the corresponding fakes.

    It fires if it distinguishes the control from the reals significantly better than chance, and at least half as well
    as it distinguishes the fakes (AUROC above chance level).

    Args:
        name: Name of the control, such as `reals, downup-0.5`.
        control: Logits of the control's images, (n,).
        reals: Logits of the reals without the controlled property.
        fakes: Logits of the fakes that have it.
        threshold: Lowest logit that is called fake.
        clusters: Clusters of the control, of the reals and of the fakes.
    """
    shares = [
        estimate_called_fake(logits, threshold, named)
        for logits, named in zip((control, reals, fakes), clusters, strict=True)
    ]
    areas = [
        estimate_metrics(*_label(reals, others), 0, clusters=_join(clusters[1], named))["auroc"]
        for others, named in ((control, clusters[0]), (fakes, clusters[2]))
    ]
    fires = _judge_fires(*areas)
    return ControlResult(
        *(name, fires, _describe_control(fires, shares)),
        *(len(control), len(reals), len(fakes)),
        *(Estimate.of(measured) for measured in (*shares, *areas)),
    )


def _judge_fires(control: Measurement, fakes: Measurement) -> bool | None:
    if np.isnan([control.value, control.low, fakes.value]).any():
        return None
    lead = max(0.0, fakes.value - _CHANCE)
    return bool(control.low > _CHANCE and control.value - _CHANCE >= _LEAST_SHARE * lead)


def _describe_control(fires: bool | None, shares: Sequence[Measurement]) -> str:
    control, real, fake = (f"{100 * share.value:.0f} %" for share in shares)
    if fires is None:
        return "Nothing can be said: the control, its reals or its fakes are too few, or the detector broke down."
    found = f"called fake: {control} of the control, {real} of the reals, {fake} of the fakes"
    if fires:
        return f"Fires without a GAN: what it detects here is blur or resampling, not (only) a generator ({found})."
    return f"Stays silent ({found})."


def _label(reals: Floats, fakes: Floats) -> tuple[Labels, Floats]:
    return np.repeat([REAL, FAKE], [len(reals), len(fakes)]), np.concatenate([reals, fakes])


def _join(first: Clusters, second: Clusters) -> Clusters:
    return None if first is None or second is None else np.concatenate([first, second])


class _Images(NamedTuple):
    logits: Floats
    clusters: Clusters


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
    clusters: Clusters = None,
) -> SwapResult | None:
    """Judge whether the detector follows the codec, from its scores with only one class compressed.

    The codec may erase the trace that a detector relies on, so that its AUROC falls to chance level; that is a
    weakness, not a shortcut. The detector is said to follow the codec only if the bounds of the intervals show all of
    the following:

    - Compressing only one class turns the ranking around (AUROC below 0.5), which the loss of a trace cannot do.
    - With the same codec on both classes less than half of the lead over chance remains.
    - The tested classes themselves were stored with different codecs; or JPEG makes the reals score as much more real
      (AUROC above 0.9 between reals as JPEG and the same reals uncompressed).

    The question stays open in two cases:

    - The classes were stored with different codecs, and half of the lead is not shown to remain with the same codec on
      both, but nothing is turned around: a detector of the codec and one whose trace JPEG erases may score alike.
    - JPEG makes the reals score as much more fake: a codec removes the camera's noise, as a generator does, and
      detectors that never saw a JPEG call it fake.

    Args:
        scores: Scores of the same images under the degradations `none` and `jpeg-QUALITY`.
        quality: JPEG quality.
        history: Description of how the codecs of the classes' files differ; None if they do not differ.
        threshold: Lowest logit that is called fake; it does not affect the verdict.
        few_false_positives: Threshold chosen for few false positives, whose rates the sentence reports; None if there
            is none.
        clusters: Cluster of each row of the scores, (n,).

    Returns:
        Result, or None if the rows or a class are missing. `follows_codec` is None if the question stays open, or if
        the detector does not distinguish the classes even on clean images.
    """
    found = [
        [_select(scores, clusters, degradation, label) for degradation in (NO_DEGRADATION, f"jpeg-{quality}")]
        for label in (REAL, FAKE)
    ]
    if not all(len(part.logits) for parts in found for part in parts):
        return None
    reals, fakes = found
    mixtures = {
        _CLEAN: (reals[0], fakes[0]),
        _FAKES: (reals[0], fakes[1]),
        _REALS: (reals[1], fakes[0]),
        _BOTH: (reals[1], fakes[1]),
    }
    measured = {name: _measure(*pair, threshold) for name, pair in mixtures.items()}
    area = {name: row["auroc"] for name, row in measured.items()}
    more_fake = _measure(reals[0], reals[1], threshold)["auroc"]  # reals as JPEG against the same reals uncompressed
    verdict = _judge_codec(area, quality, more_fake, history)
    told = ""
    if few_false_positives is not None and area[_CLEAN].low > _CHANCE:
        told = _tell_false_positives(reals[0], reals[1], quality, few_false_positives)
    rows = (SwapRow(name, **{metric: Estimate.of(row[metric]) for metric in _SHOWN}) for name, row in measured.items())
    return SwapResult(quality, f"{verdict.sentence}{told}.", verdict.follows_codec, verdict.warns, tuple(rows))


def _select(scores: Scores, clusters: Clusters, degradation: str, label: int) -> _Images:
    """Select the images of one class under one degradation."""
    chosen = ((scores.degradation == degradation) & (scores.label == label)).to_numpy()
    return _Images(scores.logit.to_numpy()[chosen], None if clusters is None else clusters[chosen])


def _measure(first: _Images, second: _Images, threshold: float) -> dict[str, Measurement]:
    """Measure how the second images are told from the first, as fakes from reals."""
    clusters = _join(first.clusters, second.clusters)
    resamples = _RESAMPLES if clusters is None else RESAMPLES
    labeled = _label(first.logits, second.logits)
    return estimate_metrics(*labeled, 0, clusters=clusters, threshold=threshold, resamples=resamples)


def _tell_false_positives(plain: _Images, coded: _Images, quality: int, threshold: float) -> str:
    """Describe what the codec costs at the threshold in use, from the reals."""
    clean, jpeg = (estimate_called_fake(reals.logits, threshold, reals.clusters) for reals in (plain, coded))
    link = "but" if jpeg.low > clean.high else "and"
    return (
        f"; {link} at the threshold for few false positives it calls {_percent(jpeg)} of the reals fake as JPEG "
        f"{quality}, {_percent(clean)} on clean images"
    )


def _percent(share: Measurement) -> str:
    return f"{100 * share.value:.1f}\N{NO-BREAK SPACE}% [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _judge_codec(area: dict[str, Measurement], quality: int, more_fake: Measurement, history: str | None) -> _Verdict:
    clean, same = area[_CLEAN], area[_BOTH]
    if not clean.low > _CHANCE:  # NaN too
        told = f"even on clean images, reals and fakes are not told apart (AUROC {_show(clean)})"
        return _Verdict(None, False, f"The swap test says nothing: {told}")
    worst = min(_CODED, key=lambda name: area[name].value)
    found = (
        f"AUROC {_show(clean)} on clean images, {_show(area[worst])} with JPEG {quality} on the {_CODED[worst]} alone, "
        f"{_show(same)} with it on both"
    )
    why = f"; {history}" if history else ""
    is_lost = same.high - _CHANCE < _LEAST_LEAD * (clean.low - _CHANCE)
    remains = same.low - _CHANCE >= _LEAST_LEAD * (clean.high - _CHANCE)
    if is_lost and area[worst].high < _CHANCE and (history or more_fake.high < 1 - _CLEAR_SHIFT):
        return _Verdict(True, True, f"The detector follows the codec, not the GAN: {found}{why}")
    if is_lost and area[worst].low <= _CHANCE and more_fake.low > _CLEAR_SHIFT:
        return _Verdict(None, True, f"{_TAKES_JPEG_FOR_A_GAN}: {found}{why}")
    if history and not remains:
        return _Verdict(None, True, f"{_LOSES_TRACE_OR_CODEC}: {found}{why}")
    weakness = ", but loses more than half of its lead over chance to it" if is_lost else ""
    return _Verdict(False, False, f"The detector does not follow the codec{weakness}: {found}")


def _show(estimate: Measurement) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
