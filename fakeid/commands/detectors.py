"""Read the detectors to compare: finished runs, grouped by seed, and score files of any detector."""

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fakeid.config.constants import FAKE, OWN_TEST_SET
from fakeid.errors import DataError
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import Scores, count_from, join_scores, read_scores
from fakeid.io import check_utf8
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun, collect_configurations
from fakeid.runs.layout import DONE, RunFolder
from fakeid.runs.states import DAMAGED, read_state


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """One run of a detector, or a file of scores.

    Attributes:
        path: Path as it was given.
        scores: Scores of its test images; logits are relative to the run's threshold.
        evaluated: Scores including the further test sets and degradations of its evaluation; None without one.
        run: Summary of the run, without images; None for a file of scores.
        trained_on: Categories and generators that the run was trained on; None for a file of scores.
        sources: Name of a test set → identity of the images that it is drawn from; only where it is known.
    """

    path: Path
    scores: Scores
    evaluated: Scores | None = None
    run: FinishedRun | None = None
    trained_on: TrainedOn | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Path as text."""
        return str(self.path)

    def take_evaluated(self) -> "ScoredRun":
        """Replace the scores by those of the evaluation, if there is one."""
        return self if self.evaluated is None else replace(self, scores=self.evaluated)

    def without(self, name: str) -> "ScoredRun":
        """Remove the scores of a test set and keep those of other test sets."""
        parts = (self.scores, self.evaluated)
        kept = [None if part is None else part[part.test_set != name] for part in parts]
        assert kept[0] is not None
        return replace(self, scores=kept[0], evaluated=kept[1])


def read_scored_run(path: Path) -> ScoredRun:
    """Read a run's folder or a file of scores.

    Raises:
        DataError: The path is neither, the run is unfinished or damaged, or the path is not UTF-8.
    """
    check_utf8(path)
    if path.is_file():
        return ScoredRun(path, read_scores(path))
    if not path.is_dir():
        raise DataError(f"{path} does not exist{_suggest_names(path)}; name the folder of a run or a file of scores")
    run = RunFolder(path)
    _check_done(run)
    try:
        summary = run.read_summary()
        tested = FinishedRun(path.resolve().name, summary, {})
        threshold = summary.threshold.logit
        scores = count_from(read_scores(run.scores), threshold)
        evaluated = _read_evaluated(run, scores, threshold)
        sources = _identify_sources(run, tested)
        return ScoredRun(path, scores, evaluated, tested, _find_training(run, tested, scores), sources)
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"the run {path} is damaged ({type(error).__name__}: {error}); train it again with force=true, or name "
            "only its scores.csv"
        ) from error


def _suggest_names(path: Path) -> str:
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    found = difflib.get_close_matches(path.name, names, n=2)
    return f"; did you mean {' or '.join(str(path.parent / name) for name in found)}?" if found else ""


def _check_done(run: RunFolder) -> None:
    if not run.status.exists():
        runs = sorted(entry.parent.name for entry in run.path.glob("*/status.json"))
        if runs:
            raise DataError(
                f"{run.path} is not a run but a folder of {len(runs)}; name those to compare, such as "
                f"{run.path / runs[0]}, or compare all with python -m fakeid report {run.path}"
            )
        raise DataError(f"{run.path} is not a run: it has no status.json; name the folder of a run or a scores.csv")
    state = read_state(run)
    if state.name == DAMAGED:
        raise DataError(f"{state.reason}; repeat the command that trained the run, or name only its scores.csv")
    if state.name != DONE:
        raise DataError(
            f"the run {run.path} is not finished ({state.name}, {state.epochs_done} of {state.epochs} epochs); repeat "
            "the command that started it to continue it"
        )


def _read_evaluated(run: RunFolder, scores: Scores, threshold: float) -> Scores | None:
    if not run.evaluation.numbers.exists():  # the last file that an evaluation writes
        return None
    controls = [part.name for part in run.evaluation.read_numbers().test_sets if part.control]
    rows = count_from(read_scores(run.evaluation.scores), threshold)
    return join_scores(rows[~rows.test_set.isin(controls)], scores)


def _identify_sources(run: RunFolder, tested: FinishedRun) -> dict[str, str]:
    sets = run.evaluation.read_numbers().test_sets if run.evaluation.numbers.exists() else ()
    described = tested.summary.data.source if tested.summary.data else None
    own = {OWN_TEST_SET: json.dumps(described, sort_keys=True)} if described else {}
    return {part.name: part.digest for part in sets if part.digest and part.name != OWN_TEST_SET} | own


def _find_training(run: RunFolder, tested: FinishedRun, scores: Scores) -> TrainedOn:
    known = run.evaluation.read_numbers().trained_on.generators if run.evaluation.numbers.exists() else ()
    categories = tested.list_categories(seen=True)
    # In the run's own test set, fakes of seen categories come from the generators that were trained on.
    own = (scores.test_set == OWN_TEST_SET) & (scores.label == FAKE) & scores.category.isin(categories)
    generators = known or sorted(scores.generator[own].unique())
    return TrainedOn(tuple(categories), tuple(generators))


@dataclass(frozen=True, eq=False)
class ComparedDetector:
    """One detector, with all of its runs in the comparison.

    Attributes:
        name: Unique name of the detector.
        places: Indices of its runs among all compared runs.
        seeds: Seeds of its runs; empty for a file of scores.
        configuration: Configuration of its runs; None for a file of scores.
    """

    name: str
    places: list[int]
    seeds: tuple[int, ...] = ()
    configuration: Configuration | None = None


def group_by_seed(runs: Sequence[ScoredRun]) -> tuple[list[ComparedDetector], list[str]]:
    """Group runs that differ only by seed into one detector, in the order in which each first appears.

    If all runs differ only by seed, each is a detector of its own, because there is nothing else to compare.

    Returns:
        Detectors, and notes about them for the reader.

    Raises:
        DataError: Two runs have the same setting, number of categories and seed.
    """
    finished = [entry.run for entry in runs if entry.run]
    groups = collect_configurations(finished)
    configurations = {id(run): group for group in groups for run in group.runs}
    apart = len(groups) == 1 and len(finished) == len(runs)
    chosen: dict[object, list[int]] = {}
    for place, entry in enumerate(runs):
        identity = place if apart or entry.run is None else f"configuration {id(configurations[id(entry.run)])}"
        chosen.setdefault(identity, []).append(place)
    detectors = []
    for places in chosen.values():
        members = [runs[place].run for place in places]
        named = [run for run in members if run is not None]
        configuration = configurations[id(named[0])] if named else None
        known_name = configuration.full_name if configuration else _name_file(runs[places[0]].path)
        name = f"seed {named[0].seed}" if apart else known_name
        detectors.append(ComparedDetector(name, places, tuple(run.seed for run in named), configuration))
    notes = []
    if apart:
        notes.append(f"All runs are {groups[0].full_name} and differ only by seed; each is compared on its own.")
    return _tell_apart(detectors, runs), notes


def _name_file(path: Path) -> str:
    """Name a file of scores by its stem, or by its folder if it is called `scores`."""
    return path.resolve().parent.name if path.stem == "scores" else path.stem


def _tell_apart(detectors: Sequence[ComparedDetector], runs: Sequence[ScoredRun]) -> list[ComparedDetector]:
    counts = Counter(detector.name for detector in detectors)
    return [
        detector if counts[detector.name] == 1 else replace(detector, name=runs[detector.places[0]].place)
        for detector in detectors
    ]
