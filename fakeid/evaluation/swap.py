"""The swap test: does the detector follow the codec, and not the generator?"""

from typing import Any, Final

import numpy as np

from fakeid.evaluation.intervals import Estimate, estimate_metrics
from fakeid.evaluation.metrics import auroc
from fakeid.evaluation.scores import NO_DEGRADATION, Scores
from fakeid.vocabulary import FAKE, REAL

_CHANCE: Final = 0.5
_SHOWN: Final = ("auroc", "real_accuracy", "fake_accuracy")
_LEAST_LEAD: Final = 0.5  # what must be left of the lead over guessing where both classes have the same codec
_VISIBLE: Final = 0.9  # AUROC from which on reals as JPEG are told from the same reals untouched


def judge_swap(scores: Scores, quality: int, history: str | None = None) -> dict[str, Any] | None:
    """Compress the fakes alone, then the reals alone, and see what becomes of the ranking.

    A detector of generators may lose its trace to the codec, so that its AUROC falls; that is weakness, and no
    shortcut. It is said to follow the codec where three things come together: compressing one class alone brings it to
    guessing or below; with the same codec on both classes less than half of its lead over guessing is left; and
    the codec is known to matter where no trace can be lost: it tells reals as JPEG from the same reals untouched
    (AUROC above 0.9 or below 0.1), or the tested classes themselves have come with different codecs, so that the lead
    that vanishes with the difference may have been nothing else.

    Args:
        scores: Rows of the degradations `none` and `jpeg-QUALITY`, of the same images.
        quality: Of the JPEG.
        history: How the files of the classes differ in their codec, in words; None where they do not.

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
    visible = _see_codec(plain, coded)
    follows, verdict = _judge({name: row["auroc"] for name, row in measured.items()}, quality, visible, history)
    rows = [{"name": name, **{metric: row[metric].to_plain() for metric in _SHOWN}} for name, row in measured.items()]
    return {"quality": quality, "verdict": verdict, "follows_codec": follows, "rows": rows}


def _see_codec(plain: Scores, coded: Scores) -> float:
    """How well the logit tells reals as JPEG from the same reals untouched, whichever is higher: an AUROC above 0.5."""
    logits = [part.logit[part.label == REAL] for part in (plain, coded)]
    area = float(auroc(np.repeat([0, 1], [len(found) for found in logits]), np.concatenate(logits)))
    return max(area, 1 - area)


def _measure(reals: Scores, fakes: Scores) -> dict[str, Estimate]:
    reals, fakes = reals.select(reals.label == REAL), fakes.select(fakes.label == FAKE)
    labels, logits = (np.concatenate([getattr(reals, name), getattr(fakes, name)]) for name in ("label", "logit"))
    return estimate_metrics(labels, logits, 0)


def _judge(area: dict[str, Estimate], quality: int, visible: float, history: str | None) -> tuple[bool | None, str]:
    clean, same = area["as they are"], area["both as JPEG"]
    if not clean.low > _CHANCE:  # NaN too
        return None, (
            f"The swap test says nothing: even as they are, reals and fakes are not told apart (AUROC {_show(clean)})."
        )
    worst = min(("fakes as JPEG", "reals as JPEG"), key=lambda name: area[name].value)
    moved = worst.split()[0]
    found = (
        f"AUROC {_show(clean)} as they are, {_show(area[worst])} with JPEG {quality} on the {moved} alone, "
        f"{_show(same)} with it on both"
    )
    lead_is_lost = same.value - _CHANCE < _LEAST_LEAD * (clean.value - _CHANCE)
    if area[worst].low <= _CHANCE and lead_is_lost and (visible > _VISIBLE or history):
        why = f"; {history}" if history else ""
        return True, f"The detector follows the codec, not the GAN: {found}{why}."
    weakness = ", but loses more than half of its lead over guessing to it" if lead_is_lost else ""
    return False, f"The detector does not follow the codec{weakness}: {found}."


def _show(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
