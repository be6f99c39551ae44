"""The swap test: does the detector follow the codec, and not the generator?"""

from typing import Any, Final

import numpy as np

from fakeid.evaluation.intervals import Estimate, estimate_metrics
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.vocabulary import FAKE, REAL

_CHANCE: Final = 0.5
_SHOWN: Final = ("auroc", "real_accuracy", "fake_accuracy")


def judge_swap(scores: Scores, quality: int) -> dict[str, Any] | None:
    """Compress the fakes alone, then the reals alone, and see what becomes of the ranking.

    A detector of generators may lose its trace to the codec; then compressing one class alone brings its AUROC towards
    chance, and no further. One that has learned the codec (photos came as JPEG, fakes did not) ranks by the codec
    whatever the class: compressing the class that was not takes its AUROC below chance. It is named where the whole
    interval lies below.

    Args:
        scores: Rows of the degradations `none` and `jpeg-QUALITY`, of the same images.
        quality: Of the JPEG.

    Returns:
        `quality`, `verdict` (a sentence), `follows_codec` (None where it cannot be said: the detector does not tell
        the classes apart even as they are) and `rows`: `name`, and `auroc`, `real_accuracy`, `fake_accuracy` with
        `value`, `low`, `high`. None where the rows or a class are missing.
    """
    plain = scores.select(scores.degradation == NO_DEGRADATION)
    coded = scores.select(scores.degradation == f"jpeg-{quality}")
    if not all({REAL, FAKE} <= set(part.label.tolist()) for part in (plain, coded)):
        return None
    mixtures = {
        "as they are": (plain, plain),
        "fakes as JPEG": (plain, coded),
        "reals as JPEG": (coded, plain),
        "both as JPEG": (coded, coded),
    }
    measured = {name: _measure(*pair) for name, pair in mixtures.items()}
    follows, verdict = _judge({name: row["auroc"] for name, row in measured.items()}, quality)
    rows = [{"name": name, **{metric: row[metric].to_plain() for metric in _SHOWN}} for name, row in measured.items()]
    return {"quality": quality, "verdict": verdict, "follows_codec": follows, "rows": rows}


def _measure(reals: Scores, fakes: Scores) -> dict[str, Estimate]:
    reals, fakes = reals.select(reals.label == REAL), fakes.select(fakes.label == FAKE)
    labels, logits = (np.concatenate([getattr(reals, name), getattr(fakes, name)]) for name in ("label", "logit"))
    return estimate_metrics(labels, logits, 0)


def _judge(auroc: dict[str, Estimate], quality: int) -> tuple[bool | None, str]:
    clean = auroc["as they are"]
    if not clean.low > _CHANCE:  # NaN too
        return None, (
            f"The swap test says nothing: even as they are, reals and fakes are not told apart (AUROC {_show(clean)})."
        )
    worst = min(("fakes as JPEG", "reals as JPEG"), key=lambda name: auroc[name].value)
    moved, other = worst.split()[0], {"fakes": "reals", "reals": "fakes"}[worst.split()[0]]
    side = "real" if moved == "fakes" else "fake"
    found = f"AUROC {_show(clean)} as they are, {_show(auroc[worst])} with JPEG {quality} on the {moved} alone"
    if auroc[worst].high < _CHANCE:
        return True, (
            f"The detector follows the codec, not the GAN: compressed alone, {moved} look more {side} than untouched "
            f"{other} ({found})."
        )
    if auroc[worst].value - _CHANCE < (clean.value - _CHANCE) / 2:
        return False, (
            f"The detector does not follow the codec, but loses more than half of its lead over guessing to it "
            f"({found})."
        )
    return False, f"The detector does not follow the codec ({found})."


def _show(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
