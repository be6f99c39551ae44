"""Tables of an evaluation, shared by the terminal, Markdown and the page."""

from collections.abc import Mapping, Sequence
from typing import Final

from fakeid.config.choices import ThresholdFrom
from fakeid.config.constants import LABEL_NAMES
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.evaluation.calibration import CHOSEN
from fakeid.evaluation.metrics import count_reals_needed
from fakeid.evaluation.records.evaluation import EvaluatedSet, Evaluation, SwapResult
from fakeid.evaluation.records.results import EvaluationGroup
from fakeid.reporting.evaluation.findings import describe_worst
from fakeid.reporting.formatting import PERCENT_SIGN
from fakeid.reporting.table import Cell, Column, Form, Row, Table, Tone, Value

_ORACLE_NOTE: Final = "Oracle: chosen on the tested images, so not a result."

_METRICS: Final = {
    "accuracy": Column("accuracy %", Form.PERCENT, "accuracy"),
    "real_accuracy": Column("real acc. %", Form.PERCENT, "real\nacc."),
    "fake_accuracy": Column("fake acc. %", Form.PERCENT, "fake\nacc."),
    "balanced_accuracy": Column("balanced %", Form.PERCENT),
    "auroc": Column("AUROC", Form.UNIT),
    "average_precision": Column("average precision", Form.UNIT),
    "eer": Column("EER %", Form.PERCENT),
    "tpr_at_fpr_01": Column("TPR at 1 % FPR", Form.PERCENT, "TPR at\n1 % FPR"),
    "tpr_at_fpr_05": Column("TPR at 5 % FPR", Form.PERCENT),
    "ece": Column("ECE", Form.UNIT),
    "nll": Column("NLL", Form.UNIT),
    "brier": Column("Brier", Form.UNIT),
}
_CALLS: Final = ("accuracy", "real_accuracy", "fake_accuracy")
_IN_TERMINAL: Final = (*_CALLS, "auroc", "tpr_at_fpr_01")
_OF_PROBABILITIES: Final = ("ece", "nll", "brier")
_AT_PHOTOS: Final = ThresholdFrom.photos.value
_RULES: Final = {ThresholdFrom.half.value: "0.5", ThresholdFrom.validation.value: "balanced"}
_LIMITS: Final = {"tpr_at_fpr_01": 0.01, "tpr_at_fpr_05": 0.05}
_ORACLE: Final = "_at_oracle"
_COUNTS: Final = tuple(Column(label, Form.COUNT) for label in LABEL_NAMES)


def tabulate_quadrants(evaluation: Evaluation) -> Table:
    """Tabulate the quadrants on clean images, within the 80 columns of a terminal."""
    columns = [Column("content"), Column("gen."), *_COUNTS, *(_METRICS[metric] for metric in _IN_TERMINAL)]
    tested = evaluation.list_tested(("quadrant",), NO_DEGRADATION)
    rows: list[list[Cell | Value]] = [
        [
            *("seen" if seen else "unseen" for seen in (group.seen_content, group.seen_generator)),
            *(group.num_real, group.num_fake),
            *(group.read(metric) for metric in _IN_TERMINAL),
        ]
        for group in tested
    ]
    needed = count_reals_needed(_LIMITS["tpr_at_fpr_01"])
    lacks = any(group.num_real < needed for group in tested)
    notes = ["Rates in %, AUROC from 0 to 1; the 95 % interval is below each value."]
    return Table.of("", columns, rows, [*notes, *([f"TPR at 1 % FPR needs {needed} reals."] if lacks else [])])


def tabulate_matrix(evaluation: Evaluation) -> Table:
    """Tabulate the AUROC with one row per degradation and one column per quadrant or test set."""
    places = evaluation.list_main()
    columns = [
        Column(name, Form.UNIT, name.replace(", ", ",\n") if kind == "quadrant" else f"test set\n{name}")
        for kind, name in places
    ]
    rows: list[list[Cell | Value]] = [
        [word, *(evaluation.read("auroc", *place, word) for place in places)] for word in evaluation.degradations
    ]
    return Table.of("AUROC, by degradation", [Column("degradation"), *columns], rows)


def tabulate_thresholds(evaluation: Evaluation) -> Table:
    """Tabulate accuracies at each threshold on clean images; the oracle threshold is included only on request."""
    groups = _list_main(evaluation)
    few, rule_in_use = name_few_false_positives(evaluation), evaluation.threshold.rule
    named = {"": _RULES.get(rule_in_use, few), **{f"_at_{rule}": name for rule, name in _RULES.items()}}
    if rule_in_use != _AT_PHOTOS:  # which is the same threshold
        named[f"_at_{CHOSEN}"] = few
    named[_ORACLE] = "oracle"
    places = [place for place in named if any(f"accuracy{place}" in group.metrics for group in groups)]
    columns = [Column("images of"), *_COUNTS]
    columns += [
        Column(f"{_METRICS[metric].heading} at {named[place]}", Form.PERCENT) for place in places for metric in _CALLS
    ]
    rows: list[list[Cell | Value]] = [
        [
            *(group.name, group.num_real, group.num_fake),
            *(
                Cell(group.read(metric + place), tone=Tone.FAINT if place == _ORACLE else None)
                for place in places
                for metric in _CALLS
            ),
        ]
        for group in groups
    ]
    return Table.of("Thresholds", columns, rows, [_ORACLE_NOTE] if _ORACLE in places else [])


def tabulate_calibration(evaluation: Evaluation) -> Table:
    """Tabulate the errors of P(fake), uncalibrated and calibrated on validation images."""
    names = [(metric, when) for metric in _OF_PROBABILITIES for when in ("", "_calibrated")]
    columns = [Column(f"{_METRICS[metric].heading}{when.replace('_', ', ')}", Form.UNIT) for metric, when in names]
    rows: list[list[Cell | Value]] = [
        [group.name, *(group.read(metric + when) for metric, when in names)] for group in _list_main(evaluation)
    ]
    return Table.of("Calibration", [Column("images of"), *columns], rows)


def tabulate_groups(evaluation: Evaluation, *, degraded: bool) -> Table:
    """Tabulate every metric of every group, on either clean or degraded images."""
    columns = [Column("group"), Column("kind"), *([Column("degradation")] if degraded else []), *_COUNTS]
    rows: list[list[Cell | Value]] = [
        [
            *(group.name, group.kind.replace("_", " "), *([group.degradation] if degraded else [])),
            *(group.num_real, group.num_fake),
            *(Cell(group.read(metric), _describe_lack(group, metric)) for metric in _METRICS),
        ]
        for group in evaluation.list_tested()
        if (group.degradation != NO_DEGRADATION) == degraded
    ]
    title = "Groups, degraded images" if degraded else "Groups, clean images"
    return Table.of(title, [*columns, *_METRICS.values()], rows)


def tabulate_swap(swap: SwapResult) -> Table:
    """Tabulate accuracies and AUROC when only one class is compressed with JPEG."""
    metrics = ("real_accuracy", "fake_accuracy", "auroc")
    rows = [(row.name, row.real_accuracy, row.fake_accuracy, row.auroc) for row in swap.rows]
    columns = [Column(f"images (JPEG quality {swap.quality})"), *(_METRICS[metric] for metric in metrics)]
    return Table.of("Swap test", columns, rows)


def tabulate_controls(evaluation: Evaluation) -> Table:
    """Tabulate the controls: image sets made without a GAN, on which a detector should not fire."""
    columns = [
        Column("control"),
        Column(f"called fake % at {name_few_false_positives(evaluation)}", Form.PERCENT),
        Column("of reals %", Form.PERCENT),
        Column("of fakes %", Form.PERCENT),
        Column("fires"),
        Column("verdict"),
    ]
    fires = {True: Cell("yes", tone=Tone.BAD), False: Cell("no"), None: Cell("unclear", tone=Tone.OPEN)}
    rows: list[list[Cell | Value]] = [
        [
            *(control.name, control.fake_share, control.fake_share_of_reals, control.fake_share_of_fakes),
            *(fires[control.fires], control.verdict),
        ]
        for control in evaluation.controls
    ]
    return Table.of("Controls", columns, rows)


def tabulate_worst(evaluation: Evaluation) -> Table:
    """Tabulate the worst group of the detector under each degradation."""
    rows = [(worst.degradation, describe_worst(worst)) for worst in evaluation.worst]
    return Table.of("Worst groups by degradation", [Column("degradation"), Column("worst group")], rows)


def tabulate_test_sets(evaluation: Evaluation) -> Table:
    """Tabulate the sources and file formats of the tested images."""
    columns = [Column("test set"), Column("from"), *_COUNTS, Column("files of reals"), Column("files of fakes")]
    rows: list[list[Cell | Value]] = [
        [
            Cell(part.name, mark=" (control)" if part.control else ""),
            part.where,
            *(_count(part, label) for label in LABEL_NAMES),
            *(_describe_formats((part.file_formats or {}).get(label, {})) for label in LABEL_NAMES),
        ]
        for part in evaluation.test_sets
    ]
    return Table.of("Test sets", columns, rows)


def tabulate_detector(evaluation: Evaluation) -> Table:
    """Tabulate the tested detector and what it was trained on."""
    detector, trained_on = evaluation.detector, evaluation.trained_on
    rows: list[Sequence[Cell | Value] | Row] = [
        ("checkpoint", detector.checkpoint),
        ("backbone", detector.backbone),
        ("color", detector.color),
        ("residual", detector.residual),
        ("image (px)", detector.image_px),
        ("protocol", detector.protocol),
        ("trained on categories", ", ".join(trained_on.categories) or "none"),
        ("trained on generators", ", ".join(trained_on.generators) or "none"),
    ]
    return Table.of("Detector", [Column("detector"), Column("")], rows)


def name_few_false_positives(evaluation: Evaluation) -> str:
    """Name the threshold for few false positives in headings, such as `5 % FP`, or `0.5` if none was chosen."""
    calibration = evaluation.calibration
    return f"{100 * calibration.false_alarm_rate:g} % FP" if calibration else "0.5"


def _list_main(evaluation: Evaluation) -> list[EvaluationGroup]:
    """List the groups of the matrix on clean images."""
    found = [evaluation.find(kind, name) for kind, name in evaluation.list_main()]
    return [group for group in found if group is not None]


def _describe_lack(group: EvaluationGroup, metric: str) -> str:
    """Explain why a group has no value, such as `needs 500 reals, has 50`; empty if there is no such reason."""
    needed = count_reals_needed(_LIMITS[metric]) if metric in _LIMITS else 0
    return f"needs {needed} reals, has {group.num_real}" if group.num_real < needed else ""


def _count(part: EvaluatedSet, label: str) -> Cell:
    tested, left_out = getattr(part, f"num_{label}"), part.left_out.get(label, 0)
    return Cell(tested, mark=f" of {tested + left_out:,}" if left_out else "")


def _describe_formats(shares: Mapping[str, float]) -> str:
    ordered = sorted(shares.items(), key=lambda share: -share[1])
    return ", ".join(f"{name} {round(100 * share, 1):g}{PERCENT_SIGN}" for name, share in ordered)
