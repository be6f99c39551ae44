"""Verdict on whether a detector may be used: up to three lines above all tables, computed from interval bounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rich.text import Text

from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import CHOSEN
from fakeid.evaluation.records.evaluation import Evaluation
from fakeid.evaluation.records.results import UNKNOWN, Estimate, EvaluationGroup, Group
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.evaluation.verdict import FALSE_POSITIVE_RATE, RecordedVerdict, Trial, Verdict
from fakeid.reporting.degradations import DEGRADATIONS_NOT_TESTED, Part, describe_robustness, format_rate
from fakeid.reporting.formatting import format_estimate
from fakeid.reporting.run.notes import name_chosen_threshold, name_threshold
from fakeid.reporting.table import Form, Tone

_TONES: Final = {Verdict.PASSES: Tone.GOOD, Verdict.UNDECIDED: Tone.DOUBTFUL, Verdict.UNKNOWN: Tone.DOUBTFUL}
_ON_DRAWINGS: Final = "The images are built-in drawings, so this says nothing about photos."
_KINDS: Final = {"category": "content", "generator": "fakes by", "test_set": "test set"}


@dataclass(frozen=True)
class Judgement:
    """The conclusion about a detector after a test.

    Attributes:
        verdict: Verdict on clean images.
        head: The verdict in a few words.
        text: The rates that the verdict is based on.
        robustness: Lead-ins and texts that tell under which degradations the detector holds and breaks.
        weakest: The group on which the detector is clearly weakest; empty if there is none.
        breaks: Whether the detector breaks under a degradation.
    """

    verdict: Verdict
    head: str
    text: str
    robustness: Sequence[Part] = (DEGRADATIONS_NOT_TESTED,)
    weakest: str = ""
    breaks: bool = False

    @property
    def tone(self) -> Tone:
        """Choose the tone: good only if everything that was tested passes, else doubtful or bad."""
        if self.verdict is Verdict.PASSES and self.breaks:
            return Tone.DOUBTFUL
        return _TONES.get(self.verdict, Tone.BAD)

    @property
    def lines(self) -> list[list[Part]]:
        """Arrange the judgement in one to three paragraphs, each of lead-ins and texts."""
        weakest = [("Weakest:", self.weakest)] if self.weakest else []
        return [line for line in ([(f"{self.head}.", self.text)], list(self.robustness), weakest) if line]

    def to_record(self) -> RecordedVerdict:
        """Convert the judgement to the sentences that files store."""
        lines = (" ".join(f"{head} {text}" for head, text in line).strip() for line in self.lines)
        return RecordedVerdict(self.verdict.value, self.tone.value, tuple(lines))


def judge_run(summary: RunSummary) -> Judgement:
    """Judge the test of a training run on unseen content, or on seen content if no other was tested."""
    group = summary.unseen or summary.seen
    wished = summary.calibration.false_alarm_rate if summary.calibration else None
    case = _Case(group, group, wished, new_content=summary.unseen is not None)
    drawn = (summary.config.get("data") or {}).get("source") == "demo"
    categories = {f"content {name}": group.read("auroc") for name, group in summary.categories.items()}
    return _conclude(case, case.trial.judge(), [DEGRADATIONS_NOT_TESTED], _find_weakest(categories), drawn=drawn)


def judge_evaluation(evaluation: Evaluation) -> Judgement:
    """Judge an evaluation on unseen content by unseen generators, or on whichever of these was tested."""
    if evaluation.one_class and not evaluation.groups:
        return Judgement(
            Verdict.UNKNOWN, "No verdict", "Only one class was tested; the share called fake is given below.", ()
        )
    case = _choose_case(evaluation)
    tested = evaluation.list_tested(tuple(_KINDS), NO_DEGRADATION)
    areas = {f"{_KINDS[group.kind]} {group.name}": group.read("auroc") for group in tested}
    trials = {word: case.degrade(evaluation, word).trial for word in evaluation.degradations}
    verdict = trials[NO_DEGRADATION].judge()
    known = any(trial.auroc.value is not None for trial in trials.values())
    drawn = bool(evaluation.test_sets) and all(part.file_formats is None for part in evaluation.test_sets)
    follows_codec = bool(evaluation.swap and evaluation.swap.follows_codec)
    # A detector that follows the codec holds on nothing, whatever its rates are.
    robustness, breaks = describe_robustness(trials) if known and not follows_codec else ((), False)
    if follows_codec and verdict in (Verdict.PASSES, Verdict.UNDECIDED):
        verdict = Verdict.FAILS
    return _conclude(
        case, verdict, robustness, _find_weakest(areas), drawn=drawn, breaks=breaks, follows_codec=follows_codec
    )


def judge(summary: RunSummary, evaluation: Evaluation | None) -> Judgement:
    """Judge the evaluation of a run, which tests more, or its own test if there is no evaluation."""
    return judge_evaluation(evaluation) if evaluation else judge_run(summary)


@dataclass(frozen=True)
class _Case:
    """The reals and fakes that the verdict is based on.

    Attributes:
        reals: Group whose reals count.
        fakes: Group whose fakes count; another one if unseen content and unseen generators were only tested apart.
        wished: False-positive rate for which the threshold was chosen, in [0, 1]; None if no threshold was chosen.
        new_content: Whether the reals have unseen content.
        new_generator: Whether the fakes are by unseen generators; None if that is not known.
    """

    reals: Group | None
    fakes: Group | None
    wished: float | None
    new_content: bool = False
    new_generator: bool | None = None

    @property
    def place(self) -> str:
        """Name the images whose AUROC counts, such as `unseen content by unseen generators`."""
        makers = " by unseen generators" if self.new_generator and self.ranked is self.fakes else ""
        return f"{'unseen' if self.new_content and self.ranked is self.reals else 'seen'} content{makers}"

    @property
    def passed(self) -> str:
        """Name all images that the verdict is based on."""
        if self.reals is self.fakes:
            return self.place
        return "unseen content, and on unseen generators, but not both at once"

    @property
    def ranked(self) -> Group | None:
        """The group whose AUROC counts: the one with the lower bound."""
        groups = [group for group in (self.fakes, self.reals) if group]
        return min(groups, key=lambda group: group.read("auroc").low or 0.0, default=None)

    @property
    def unseen(self) -> bool:
        """Tell whether its content or its generators are unseen."""
        return self.new_content or bool(self.new_generator)

    @property
    def trial(self) -> Trial:
        """Collect the numbers that decide the verdict."""
        at = "" if self.wished is None else f"_at_{CHOSEN}"
        area = self.ranked.read("auroc") if self.ranked else UNKNOWN
        found = self.fakes.read(f"fake_accuracy{at}") if self.fakes else UNKNOWN
        right = self.reals.read(f"real_accuracy{at}") if self.reals else UNKNOWN
        return Trial(area, right.complement(), found, FALSE_POSITIVE_RATE if self.wished is None else self.wished)

    def degrade(self, evaluation: Evaluation, degradation: str) -> "_Case":
        """Return the case of the same reals and fakes under a degradation."""
        reals, fakes = (
            evaluation.find(part.kind, part.name, degradation) if isinstance(part, EvaluationGroup) else None
            for part in (self.reals, self.fakes)
        )
        return replace(self, reals=reals, fakes=fakes)

    def tell_rates(self) -> str:
        """Write one sentence on both error rates; empty if one of them is not known."""
        trial = self.trial
        if trial.false_positives.value is None or trial.found.value is None:
            return ""
        place = name_threshold("half") if self.wished is None else name_chosen_threshold(trial.wished)
        maker = {True: " by unseen generators", False: " by the generators that it was trained on", None: ""}
        return (
            f"At {place} it calls {format_rate(trial.false_positives)} of the reals with "
            f"{'unseen' if self.new_content else 'seen'} content fake and misses "
            f"{format_rate(trial.found.complement())} of the fakes{maker[self.new_generator]}."
        )


def _choose_case(evaluation: Evaluation) -> _Case:
    """Choose reals with unseen content and fakes by unseen generators, from one group if possible."""
    tested = evaluation.list_tested(("quadrant",), NO_DEGRADATION)
    filled = [group for group in tested if group.read("auroc").value is not None]
    wished = evaluation.calibration.false_alarm_rate if evaluation.calibration else None
    if not filled:
        return _Case(None, None, wished)
    fakes = min(filled, key=lambda group: (bool(group.seen_generator), bool(group.seen_content)))
    reals = min(filled, key=lambda group: (bool(group.seen_content), bool(group.seen_generator)))
    return _Case(reals, fakes, wished, new_content=not reals.seen_content, new_generator=not fakes.seen_generator)


def _conclude(
    case: _Case, verdict: Verdict, robustness: Sequence[Part], weakest: str, *, drawn: bool, breaks: bool = False,
    follows_codec: bool = False,
) -> Judgement:  # fmt: skip
    if verdict is Verdict.PASSES and not case.unseen:
        verdict = Verdict.UNDECIDED
    parts = [
        *_explain(verdict, case.trial),
        "It follows the codec, not the GAN." if follows_codec else "",
        case.tell_rates(),
        _ON_DRAWINGS if drawn else "",
    ]
    head = _name(verdict, case, drawn=drawn, breaks=breaks)
    return Judgement(verdict, head, " ".join(filter(None, parts)), robustness, weakest, breaks)


def _name(verdict: Verdict, case: _Case, *, drawn: bool, breaks: bool) -> str:
    if verdict is Verdict.PASSES:
        return f"Passes on {case.passed}{', but only on clean images' if breaks else ''}"
    if verdict is Verdict.UNDECIDED:
        return "Not shown to be usable: " + (
            "too few images to tell" if case.unseen else "neither unseen content nor unseen generators were tested"
        )
    return {
        Verdict.FAILS: f"Do not use{'' if drawn else ' on photos'}",
        Verdict.AT_CHANCE: f"At chance on {case.place}: not usable",
        Verdict.INVERTED: f"Inverted on {case.place}: not usable",
        Verdict.UNKNOWN: "No verdict: no group has reals and fakes with a score each",
    }[verdict]


def _explain(verdict: Verdict, trial: Trial) -> Iterator[str]:
    area = format_estimate(trial.auroc, Form.UNIT)
    if verdict is Verdict.AT_CHANCE:
        yield f"It ranks at chance level (AUROC {area})."
    if verdict is Verdict.INVERTED:
        yield f"It takes reals for fakes (AUROC {area}); are 0_real and 1_fake swapped?"


def _find_weakest(areas: Mapping[str, Estimate]) -> str:
    """Name the group with the lowest upper bound, if the lower bound of another group is above it."""
    known = {name: area for name, area in areas.items() if area.has_interval}
    if len(known) < 2:
        return ""
    weakest = min(known, key=lambda name: known[name].high or 0.0)
    if max(area.low or 0.0 for area in known.values()) <= (known[weakest].high or 0.0):
        return ""
    return f"{weakest}, AUROC {format_estimate(known[weakest], Form.UNIT)}."


_STYLES: Final = {Tone.GOOD: "bold green", Tone.DOUBTFUL: "bold yellow", Tone.BAD: "bold red"}


def render_verdict(judgement: Judgement) -> Text:
    """Render the judgement as two or three paragraphs with lead-ins in the color of the verdict, and an empty line."""
    text = Text()
    style = _STYLES[judgement.tone]
    for line in judgement.lines:
        for number, (head, told) in enumerate(line):
            text.append(" " * bool(number)).append(head, style=style).append(f" {told}")
            style = "bold"
        text.append("\n")
    return text
