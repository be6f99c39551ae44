"""Run `python -m fakeid compare`: compare detectors on the images that all of them scored."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console

from fakeid.commands.detectors import ScoredRun, group_by_seed, read_scored_run
from fakeid.config.constants import OWN_TEST_SET
from fakeid.console import print_sentence
from fakeid.errors import ConfigError, DataError
from fakeid.evaluation.comparison import Detector, build_groups, compare_detectors
from fakeid.evaluation.scores import pair_scores
from fakeid.io import clear_output_errors, write_csv, write_record, write_text
from fakeid.reporting.audit.warnings import count_warnings
from fakeid.reporting.comparison.findings import COMPARISON_NOTE, describe_comparison
from fakeid.reporting.comparison.page import plot_comparison, render_comparison_markdown, render_comparison_page
from fakeid.reporting.comparison.record import ComparisonReport, build_record
from fakeid.reporting.comparison.tables import split_metrics, tabulate_comparison, tabulate_differences
from fakeid.reporting.formatting import format_count
from fakeid.reporting.renderers import render_terminal, tabulate
from fakeid.reporting.run.notes import describe_training
from fakeid.reporting.svg import write_figure
from fakeid.reporting.sweep.configurations import order_categories

_NUMBERED_FIGURE: Final = re.compile(r"comparison-[0-9]+\.(png|svg)")


def write_comparison(
    paths: Sequence[Path], output: Path | None = None, *, all_pairs: bool = False, console: Console | None = None
) -> ComparisonReport:
    """Compare detectors, print the tables, and write them with a figure and a page.

    Writes `comparison.{csv,md,json,png,svg}` and `index.html`.

    Args:
        paths: Folders of runs or files of scores, the baseline first. Runs that differ only by seed count as one
            detector.
        output: Output folder; None chooses one in `comparisons`, beside the first path.
        all_pairs: Whether to compare every pair instead of each detector with the baseline.
        console: Console to print to; None prints to the terminal.

    Returns:
        Comparison that was printed and written.

    Raises:
        ConfigError: Fewer than two paths are given, or one is given twice.
        DataError: A path cannot be read, compared or matched with the others.
        OutputError: The folder cannot be written to.
    """
    console = console or Console(highlight=False)
    report = read_comparison(paths, all_pairs=all_pairs)
    output = output or _choose_output(paths, all_pairs)
    with clear_output_errors(output, "--output"):
        _write_files(report, output)
    for warning in report.warnings:
        concerned = format_count(warning.num_runs, "run")
        print_sentence(console, f"WARNING ({concerned}): {warning.text}", style="bold red")
    for comparison in report.comparisons:
        finding = describe_comparison(comparison)
        console.print(f"\n{finding.topic}", style="bold", markup=False)
        console.print(finding.text, markup=False)
        for table in split_metrics(tabulate_comparison(comparison)):
            console.print()
            console.print(render_terminal(table, stacked=False))
    for note in (*report.notes, COMPARISON_NOTE):
        console.print(f"\n{note}", style="dim", markup=False)
    console.print(f"\nwritten to {output / 'index.html'}", soft_wrap=True, markup=False)
    return report


def read_comparison(paths: Sequence[Path], *, all_pairs: bool = False) -> ComparisonReport:
    """Compare detectors without printing or writing anything; see `write_comparison` for the arguments."""
    _check_paths(paths)
    runs = [read_scored_run(path) for path in paths]
    runs, notes = _agree_on_test_sets(runs)
    pairing = pair_scores({entry.place: entry.scores for entry in runs})
    notes += _describe_left_out(runs, pairing.left_out, len(pairing.images))
    notes += _describe_breakdowns(runs, np.isnan(pairing.logits).sum(axis=1).tolist())
    compared, more = group_by_seed(runs)
    notes += more
    notes += _describe_trainings(runs)
    known = [entry.trained_on for entry in runs if entry.trained_on is not None]
    if len(known) < len(runs):
        notes.append(
            "The training data of some detectors is unknown, so seen and unseen content are not distinguished."
        )
    trained_on = known if len(known) == len(runs) else None
    categories = order_categories([each.configuration for each in compared if each.configuration])
    groups = build_groups(pairing.images, trained_on, categories)
    detectors = [Detector(each.name, pairing.logits[each.places], each.seeds) for each in compared]
    pairs = combinations(detectors, 2) if all_pairs else ((detectors[0], other) for other in detectors[1:])
    return ComparisonReport(
        places={e.name: [runs[place].place for place in e.places] for e in compared},
        num_images=len(pairing.images),
        comparisons=compare_detectors(pairs, pairing.images.label.to_numpy(), groups),
        notes=notes,
        warnings=count_warnings(entry.run.summary for entry in runs if entry.run),
    )


def _choose_output(paths: Sequence[Path], all_pairs: bool) -> Path:
    """Choose an output folder beside the first detector, a different one for each choice of detectors."""
    places = [path.resolve() for path in paths]
    digest = hashlib.sha256(json.dumps([*map(str, places), all_pairs]).encode()).hexdigest()[:8]
    return paths[0].parent / "comparisons" / f"{places[0].name}-and-{len(places) - 1}-more-{digest}"


def _check_paths(paths: Sequence[Path]) -> None:
    if len(paths) < 2:
        raise ConfigError(
            f"expected two or more runs, got {len(paths)}; python -m fakeid compare RUN_A RUN_B compares the second "
            "with the first"
        )
    twice = [path for path, count in Counter(path.resolve() for path in paths).items() if count > 1]
    if twice:
        raise ConfigError(f"{twice[0]} is given twice; name each run once")


def _agree_on_test_sets(runs: list[ScoredRun]) -> tuple[list[ScoredRun], list[str]]:
    """Drop test sets that need not hold the same images, and add the evaluations if all runs have one."""
    notes = []
    for name in dict.fromkeys(name for entry in runs for name in entry.sources):
        if len({entry.sources[name] for entry in runs if name in entry.sources}) == 1:
            continue
        runs = [entry.without(name) for entry in runs]
        images = "The runs' own test images" if name == OWN_TEST_SET else f"The images of {name}"
        notes.append(
            f"{images} come from different sources and are left out, because equal keys need not mean equal images."
        )
        if not any(len(entry.scores) or (entry.evaluated is not None and len(entry.evaluated)) for entry in runs):
            raise DataError(
                "expected the same test images, but the runs' images come from different sources; test all runs on one "
                "set with python -m fakeid evaluate RUN DIR, or name their scores.csv to match images by key only"
            )
    lacking = [entry for entry in runs if entry.run and entry.evaluated is None]
    if not lacking:
        runs = [entry.take_evaluated() for entry in runs]
    elif any(entry.evaluated is not None for entry in runs):
        names = ", ".join(entry.place for entry in lacking)
        notes.append(
            f"Only the runs' own test images are compared, because not all runs are evaluated: python -m fakeid "
            f"evaluate adds further test sets and degradations to {names}."
        )
    return runs, notes


def _describe_left_out(runs: Sequence[ScoredRun], left_out: Sequence[int], num_common: int) -> list[str]:
    parts = [f"{count:,} of {entry.place}" for entry, count in zip(runs, left_out, strict=True) if count]
    if not parts:
        return []
    return [f"Compared on the {num_common:,} images that all detectors scored; left out: {', '.join(parts)}."]


def _describe_breakdowns(runs: Sequence[ScoredRun], counts: Sequence[int]) -> list[str]:
    return [
        f"{entry.place} failed on {count:,} image{'s' * (count > 1)} (its logit is NaN), so results of the groups "
        "that include them are undefined."
        for entry, count in zip(runs, counts, strict=True)
        if count
    ]


def _describe_trainings(runs: Sequence[ScoredRun]) -> list[str]:
    """Describe precision, threads and device of the runs, because another machine acts like another seed."""
    found: dict[str, list[str]] = {}
    for entry in runs:
        if entry.run and (how := describe_training(entry.run.summary)):
            found.setdefault(how, []).append(entry.place)
    if len(found) == 1:
        return [f"{how} (all runs)." for how in found]
    return [f"{how}: {', '.join(places)}." for how, places in found.items()]


def _write_files(report: ComparisonReport, folder: Path) -> None:
    baselines = list(dict.fromkeys(comparison.first for comparison in report.comparisons))
    figures = [[one for one in report.comparisons if one.first == name] for name in baselines]
    for old in folder.glob("comparison-*"):  # from an earlier call with more baselines
        if _NUMBERED_FIGURE.fullmatch(old.name):
            old.unlink()
    for number, chosen in enumerate(figures):
        name = f"comparison-{number + 1}" if number else "comparison"
        write_figure(folder, name, plot_comparison(chosen, first_look=number))
    record = build_record(report)
    write_csv(folder / "comparison.csv", *tabulate(tabulate_differences(record)))
    write_record(folder / "comparison.json", record)
    write_text(folder / "comparison.md", render_comparison_markdown(report))
    write_text(folder / "index.html", render_comparison_page(report, figures))
