"""Analyze the scores of an evaluation: measure, judge and describe."""

import hashlib
import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from fakeid.audit.pixels import compute_pixel_facts
from fakeid.checkpoints import read_checkpoint
from fakeid.config.constants import FAKE, LABEL_NAMES, OWN_TEST_SET, REAL
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.config.identity import flatten
from fakeid.config.options import write_value
from fakeid.config.parse import Config, to_plain
from fakeid.config.test_sets import name_test_sets
from fakeid.data.cache.packs import PackedImages
from fakeid.data.test_sets import ImageSet
from fakeid.errors import BadImageError, CheckpointError
from fakeid.evaluation.calibration import Calibration, choose_operating_point
from fakeid.evaluation.matrix import Measuring, find_clusters, find_worst, measure_matrix
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.ranking import HALF
from fakeid.evaluation.records.evaluation import (
    ControlResult,
    EvaluatedDetector,
    EvaluatedSet,
    Evaluation,
    OneClassRate,
)
from fakeid.evaluation.records.results import Estimate, EvaluationGroup
from fakeid.evaluation.scores import Scores, to_arrays
from fakeid.evaluation.shortcuts import judge_control, judge_swap
from fakeid.evaluation.statistics.intervals import LEAST_CLUSTERS, auroc_interval, estimate_called_fake
from fakeid.images.file_facts import LOSSY, read_file_facts
from fakeid.reporting.run.notes import describe_sizes
from fakeid.reporting.verdict import judge_evaluation
from fakeid.runs.images import measure_sizes, name_codec
from fakeid.runs.provenance import SCORING_PRECISION, describe_environment
from fakeid.training.checkpoint import Card
from fakeid.training.trainer import choose_device

_BUILT_IN_CONTROLS: Final = ("blur-", "downup-")
"""The degradations that make photos as soft as a generator's images."""

_ON_BAD_IMAGE: Final = "data.on_bad_image"
_GIVEN: Final = ("paths.data", "data.real.root", "data.fake.root", _ON_BAD_IMAGE)
"""The options outside of `evaluation` that decide which images are tested."""

_LEAST_GAP: Final = 0.5  # between the shares of lossy files
_LEAST_AUROC: Final = 0.6  # as for a warning of the audit
_LOOKED_AT: Final = 200  # images of each class

_Item = TypeVar("_Item")


def read_calibration(card: Card) -> Calibration | None:
    """Read the calibration of a checkpoint; None if it has none, for lack of validation images of both classes.

    Raises:
        CheckpointError: The calibration is damaged.
    """
    try:
        return Calibration.from_plain(card.calibration) if card.calibration else None
    except (ArithmeticError, AssertionError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the calibration of {card.name} is damaged ({error}); train it again") from error


def compute_evaluation(
    scores: Scores, card: Card, config: Config, packed_sets: Sequence[tuple[ImageSet, PackedImages]], checkpoint: Path,
    output: Path | None = None,
) -> Evaluation:  # fmt: skip
    """Compute an evaluation from its scores: measure, judge and describe.

    Args:
        scores: Scores of every image under every degradation.
        card: Card of the checkpoint.
        config: Options of the run combined with those of this evaluation.
        packed_sets: Test sets with their prepared images.
        checkpoint: Path of the tested checkpoint.
        output: Output folder that the user chose, if any.
    """
    options, sets = config.evaluation, [part for part, _ in packed_sets]
    calibration = read_calibration(card)
    trained_on = TrainedOn(tuple(card.categories), tuple(card.generators), card.held_out)
    judged = scores[~scores.test_set.isin([part.name for part in sets if part.control])]
    sizes = measure_sizes(config, read_checkpoint(checkpoint)["hyper_parameters"].get("center_px"))
    point = choose_operating_point(config.protocol.threshold, calibration)
    groups = measure_matrix(judged, trained_on, Measuring(calibration, options.cluster, options.oracle, point))
    few = calibration.threshold if calibration else None
    one_class = tuple(measure_one_class(judged, point.logit if few is None else few, options.cluster))
    quality = options.swap_quality
    history = compare_codecs(packed_sets) if quality and name_codec(config).quality is None else None
    clusters = find_clusters(judged, options.cluster)
    evaluation = Evaluation(
        title=card.name,
        detector=_describe_detector(checkpoint, config),
        trained_on=trained_on,
        test_sets=tuple(_describe_set(part, scores) for part in sets),
        degradations=tuple(dict.fromkeys(scores.degradation.tolist())),
        groups=tuple(groups),
        worst=tuple(find_worst(judged, trained_on, point.logit)),
        command=_describe_command(checkpoint, card, config, sets, output),
        calibration=calibration,
        threshold=point,
        swap=judge_swap(judged, quality, history, point.logit, few, clusters) if quality else None,
        controls=tuple(_judge_controls(scores, judged, sets, HALF if few is None else few, options.cluster)),
        one_class=one_class,
        sizes=sizes,
        notes=(*filter(None, [describe_sizes(sizes)]), *_list_notes(config, calibration, sets)),
        warnings=tuple(_list_warnings([*groups, *one_class])) if options.cluster else (),
        presumed=tuple(list_presumed(sets, trained_on)),
        evaluation=asdict(options),
        precision=card.precision,
        scoring_precision=SCORING_PRECISION,
        **describe_environment(choose_device(config.trainer.accelerator.value)),
    )
    return replace(evaluation, verdict=judge_evaluation(evaluation).to_record())


def _describe_detector(checkpoint: Path, config: Config) -> EvaluatedDetector:
    return EvaluatedDetector(
        checkpoint=str(checkpoint),
        backbone=config.model.name,
        color=config.color.name.value,
        residual=config.residual.name.value,
        image_px=config.data.image_px,
        protocol=config.protocol.name,
    )


def measure_one_class(judged: Scores, threshold: float, cluster: str | None = None) -> Iterator[OneClassRate]:
    """Measure the share called fake of each test set that has only reals or only fakes.

    Args:
        judged: Scores of all test sets.
        threshold: Lowest logit that is called fake.
        cluster: Rule that groups images into clusters, as in `Measuring`.

    Yields:
        One rate per such set and degradation, undefined if the detector broke down.
    """
    for (name, degradation), rows in judged.groupby(["test_set", "degradation"], sort=False):
        labels, logits = to_arrays(rows)
        if len(set(labels.tolist())) == 1:
            clusters = find_clusters(rows, cluster)
            share = Estimate.of(estimate_called_fake(logits, threshold, clusters))
            yield OneClassRate(
                *(str(name), LABEL_NAMES[labels[0]], str(degradation), len(rows), share),
                num_clusters=None if clusters is None else len(set(clusters.tolist())),
            )


def _describe_set(part: ImageSet, scores: Scores) -> EvaluatedSet:
    rows = scores[(scores.test_set == part.name) & (scores.degradation == NO_DEGRADATION)]
    return EvaluatedSet(
        name=part.name,
        where=part.where,
        num_real=int((rows.label == REAL).sum()),
        num_fake=int((rows.label == FAKE).sum()),
        control=part.control,
        left_out={"real": part.left_out[REAL], "fake": part.left_out[FAKE]},
        file_formats=_count_formats(part),
        digest=hashlib.sha256(json.dumps(part.source.describe(), sort_keys=True).encode()).hexdigest()[:16],
    )


def _count_formats(part: ImageSet) -> dict[str, dict[str, float]] | None:
    """Compute the shares of file formats in each class; None if images are drawn."""
    if part.source.describe()["source"] == "demo":
        return None
    shares: dict[str, dict[str, float]] = {}
    for name, label in (("real", REAL), ("fake", FAKE)):
        formats = [found.lower() for found in _read_formats([part], label)]
        shares[name] = {each: formats.count(each) / len(formats) for each in sorted(set(formats))}
    return shares


def _read_formats(sets: Sequence[ImageSet], label: int) -> list[str]:
    """Read the formats of evenly spaced files of one class; none if the images are not read from files."""
    found = []
    for source, record in _spread([(part.source, r) for part in sets for r in part.records if r.label == label]):
        with suppress(BadImageError):  # packing has left it out or, if it has disappeared since, kept its pixels
            data = source.read_file(record)
            found += [] if data is None else [read_file_facts(data, record.key).container]
    return found


def _spread(items: Sequence[_Item]) -> Sequence[_Item]:
    """Pick evenly spaced items, at most as many as are looked at."""
    return items[:: -(-len(items) // _LOOKED_AT) or 1]


def _judge_controls(
    scores: Scores, judged: Scores, sets: Sequence[ImageSet], threshold: float, cluster: str | None
) -> Iterator[ControlResult]:
    """Judge the controls: the run's test photos made as soft as a generator's images, then test sets without a GAN."""
    clean = judged[judged.degradation == NO_DEGRADATION]
    own = judged[(judged.test_set == OWN_TEST_SET) & (judged.label == REAL)]
    ours = clean[clean.test_set == OWN_TEST_SET]

    def judge(name: str, control: Scores, reals: Scores, fakes: Scores) -> ControlResult:
        """Judge the rows of a control beside its reals and its fakes."""
        parts = (control, reals, fakes)
        logits = [part.logit.to_numpy() for part in parts]
        clusters = [find_clusters(part, cluster) for part in parts]
        return judge_control(name, logits[0], logits[1], logits[2], threshold, clusters)

    for word in dict.fromkeys(own.degradation.tolist()):
        if word.startswith(_BUILT_IN_CONTROLS):
            soft = own[own.degradation == word]
            yield judge(f"reals, {word}", soft, ours[ours.label == REAL], ours[ours.label == FAKE])
    for part in sets:
        if part.control:
            rows = scores[(scores.test_set == part.name) & (scores.degradation == NO_DEGRADATION)]
            reals, control = (rows[rows.label == label] for label in (REAL, FAKE))
            others = _find_beside(clean, rows)
            yield judge(part.name, control, reals if len(reals) else others[0], others[1])


def _find_beside(clean: Scores, rows: Scores) -> list[Scores]:
    """Find the reals and the fakes with the same content, or with any content if there are none."""
    same = clean.category.isin(rows.category)
    found = []
    for label in (REAL, FAKE):
        own = clean.label == label
        found.append(clean[own & same if (own & same).any() else own])
    return found


def _list_notes(config: Config, calibration: Calibration | None, sets: Sequence[ImageSet]) -> list[str]:
    most = config.evaluation.per_class
    notes = [
        f"{part.name}: {len(part.records):,} of {len(part.records) + part.left_out.total():,} images were tested, at "
        f"most {most} of each category, generator and class; evaluation.per_class=null takes all."
        for part in sets
        if part.left_out
    ]
    if calibration is None:
        notes.append("No threshold and no calibration: the run had no validation images of both classes.")
    if config.evaluation.cluster:
        but = ", except those of the swap test" if config.evaluation.swap_quality else ""
        notes.append(
            f"Intervals resample whole clusters of images (evaluation.cluster={config.evaluation.cluster}){but}."
        )
    if config.evaluation.oracle:
        notes.append("oracle: threshold chosen on the tested images themselves; an upper bound, not a result.")
    return notes


def _list_warnings(groups: Sequence[EvaluationGroup | OneClassRate]) -> list[str]:
    """Warn about intervals based on too few clusters of images."""
    counts = [group.num_clusters for group in groups if group.num_clusters is not None]
    few = [count for count in counts if count < LEAST_CLUSTERS]
    if not few:
        return []
    narrow = (
        f"{len(few)} of {len(groups)} groups have fewer than {LEAST_CLUSTERS} clusters in a class (minimum "
        f"{min(few)}); their intervals are too narrow: with 5 clusters per class most contain the true value in 76 to "
        "90 % of cases instead of 95 %."
    )
    return [narrow]


def list_presumed(sets: Sequence[ImageSet], trained_on: TrainedOn) -> Iterator[str]:
    """Name the test sets whose fakes count as unseen only because no folder names their content or generator."""
    for part in sets:
        fakes = [record for record in part.records if record.label == FAKE and not part.control]
        names = (("category", trained_on.categories), ("generator", trained_on.generators))
        unseen = [
            name for name, known in names
            if name in part.unnamed and any(getattr(record, name) not in known for record in fakes)
        ]  # fmt: skip
        if unseen:
            yield (
                f"{part.name} is counted as unseen, because its folder names no {' and no '.join(unseen)}; lay it out "
                "as generator/category/{0_real,1_fake}, with the names used in training for what was trained on."
            )


def _describe_command(
    checkpoint: Path, card: Card, config: Config, sets: Sequence[ImageSet], output: Path | None
) -> str:
    words = ["python", "-m", "fakeid", "evaluate", str(checkpoint)]
    others = name_test_sets(config.evaluation)
    if others:
        words += [OWN_TEST_SET] if sets[0].name == OWN_TEST_SET else []
        for part in others:
            words += [*(["--reals"] if part.all_real else []), f"{part.name}:{part.folder}"]
    evaluation = config.evaluation
    # Options of a preset are always named, because `evaluate` starts from one; the others only if not the default.
    names = ["degradations", "per_class", "swap_quality"]
    names += [
        name for name in ("held_out_generators", "controls", "cluster", "oracle", "seed")
        if getattr(evaluation, name) != getattr(Config().evaluation, name)
    ]  # fmt: skip
    words += [f"evaluation.{name}={write_value(getattr(evaluation, name))}" for name in names]
    # Where it finds images follows the training, but what it does with bad ones does not.
    usual = flatten(card.config) | {_ON_BAD_IMAGE: Config().data.on_bad_image.value}
    given = flatten(to_plain(config))
    words += [f"{name}={write_value(given[name])}" for name in _GIVEN if given[name] != usual.get(name)]
    words += ["--output", str(output)] if output else []
    return " ".join(shlex.quote(word) for word in words)


def compare_codecs(sets: Sequence[tuple[ImageSet, PackedImages]]) -> str | None:
    """Describe how the codecs of the files of the two classes differ; None if they are alike.

    This compares the formats in the headers of files and, in the pixels, the visibility of JPEG's 8 x 8 blocks.

    Args:
        sets: Test sets with their prepared images; controls are ignored.
    """
    judged = [(part, packed) for part, packed in sets if not part.control]
    formats = [_read_formats([part for part, _ in judged], label) for label in (REAL, FAKE)]
    if not all(formats):
        return None
    shares = [float(np.isin(found, LOSSY).mean()) for found in formats]
    if abs(shares[0] - shares[1]) > _LEAST_GAP:
        told = " and ".join(
            f"{100 * share:.0f} % of the {name}s" for name, share in zip(LABEL_NAMES, shares, strict=True)
        )
        return f"JPEG or WebP files are {told}"
    return _compare_blocks(judged)


def _compare_blocks(sets: Sequence[tuple[ImageSet, PackedImages]]) -> str | None:
    blockiness = []
    for label in (REAL, FAKE):
        keys = [(packed, r.key) for part, packed in sets for r in part.records
                if r.label == label and r.key not in packed.skipped]  # fmt: skip
        images = (packed.take(packed.locate([key]))[0] for packed, key in _spread(keys))
        blockiness.append([compute_pixel_facts(image)["blockiness"] for image in images])
    labels = np.repeat([REAL, FAKE], [len(found) for found in blockiness])
    low, high = auroc_interval(labels, np.concatenate(blockiness))
    if low > _LEAST_AUROC or high < 1 - _LEAST_AUROC:
        more = "fakes" if low > _LEAST_AUROC else "reals"
        return f"the {more} show JPEG's 8 x 8 blocks more than the others do"
    return None
