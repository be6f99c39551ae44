"""What to type after a training, by what came out of it."""

import shlex
from typing import Final

from fakeid.evaluation.verdict import Verdict
from fakeid.reporting.verdict import Judgement
from fakeid.runs.layout import RunFolder

_LEARNED_NOTHING: Final = (Verdict.AT_CHANCE, Verdict.INVERTED)


def list_next_steps(run: RunFolder, judgement: Judgement) -> list[str]:
    """Lines to print below the table of a run.

    Args:
        run: A tested one.
        judgement: Of its test.
    """
    place = shlex.quote(str(run.path))
    evaluate = [
        f"python -m fakeid evaluate {place}",
        "  its test images under JPEG, blur, rescaling and the like, as tables and a page",
    ]
    if run.evaluation.page.exists():
        evaluate = [f"{shlex.quote(str(run.evaluation.page))}", "  what the evaluation found, to look at"]
    own = [
        f"python -m fakeid evaluate {place} DIR",
        "  your own images, laid out as DIR/[generator/][category/]{0_real,1_fake}",
    ]
    if judgement.verdict not in _LEARNED_NOTHING:
        return ["next:", *(f"  {line}" for line in (*evaluate, *own))]
    curve = shlex.quote(str(run.figures / "learning_curve.png"))
    return [
        "next:",
        f"  {curve}",
        "    does the training loss fall? If not, try another optim.learning_rate, or more optim.epochs;",
        "    if it does, more images (data.train_per_class) or more categories",
    ]
