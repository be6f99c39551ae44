"""The page docs/statistics.md: do claims, intervals and thresholds keep their promises?"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, NamedTuple

from rich.console import Console

from fakeid.benchmarks.statistics.draws import simulate_points
from fakeid.benchmarks.statistics.tables import (
    plan_draws,
    tabulate_claims,
    tabulate_coverage,
    tabulate_effects,
    tabulate_power,
)
from fakeid.errors import OutputError
from fakeid.io import clear_output_errors, write_text
from fakeid.reporting.formatting import format_cell
from fakeid.reporting.renderers import render_markdown, render_terminal
from fakeid.reporting.table import Cell, Column, Row, Table, Tone

_COMMAND: Final = "python -m fakeid benchmark statistics"
_DOCUMENT: Final = "docs/statistics.md"


class Chapter(NamedTuple):
    """A short title, paragraphs in Markdown, and tables below them."""

    title: str
    text: str
    tables: Sequence[Table]


_OPENING: Final = f"""# What the numbers promise, and whether they deliver

This page is written by `{_COMMAND} --pages {{pages}} --seed {{seed}} --out {_DOCUMENT}`; the same command writes the
same page, whatever the number of processes. It draws the scores of detectors whose true accuracy is known, passes them
to the code behind `report`, `compare` and `evaluate`, and counts how often that code claims a difference where there is
none, how often an interval contains the truth, and how often a true difference is detected. Rates in **bold** break
their promise of 5 % or 95 % so clearly that chance explains it in at most one draw of a thousand.

## How scores are drawn
The logit of an image is sign · (signal + slope of the run) + shift of the run + image + noise, where the sign is +1 for
fakes and -1 for reals. All terms are normal.

The signal belongs to the configuration and the category. Its standard deviation between categories is 0.5 logits, and
it is 1 logit higher on content that was trained on. Slope and shift are drawn for each run, with a quarter of their
variance drawn anew for each category. The shift changes the accuracy at P(fake) = 0.5 but not the AUROC of a category;
the slope changes both. The image term is drawn once for all runs, because an image that is hard for one detector is
hard for the others; it accounts for 60 % of the variance between images.

The mean accuracy on unseen content of average difficulty is 85 %. Runs scatter by 3 or by 6.5 points. This is the
standard deviation between seeds of the true accuracy on the held-out category, about what eight seeds of the demo
showed with and without a decaying learning rate. Each of eleven categories has 100 real and 100 fake test images unless
stated otherwise.

The simulation does not cover heavy-tailed logits, seeds that fail altogether, categories whose images resemble each
other, configurations whose runs scatter differently, or a data set that is drawn anew.
"""

_CLAIMS: Final = """A claim is a verdict of "better" or "worse". Here nothing is better than anything else, so every
claim is false; at most 5 % of the tables of each kind should contain one. With one run of each configuration nothing is
judged, because two seeds of the same configuration differ just as two configurations do. With several, runs of the same
seed are paired, and runs and images are crossed: a claim should hold for further seeds and further images. p-values are
Holm-corrected over everything that a page compares, accuracy and AUROC together. A table counts as claiming something
if either metric is called better or worse.

The column `configurations` compares settings with the same number of categories, `categories` compares numbers of
categories within a setting, and `best` compares the best configuration with each other one. `options` is the effect of
one option, averaged over all configurations that agree in everything else. `answer` is a claim in any sentence at the
top of the page. No verdict depends on the slope over the number of categories, which is shown with its own 95 %
interval; `slope` is the share of slopes whose interval excludes 0.
"""

_EFFECTS: Final = """An option may help in one setting and hurt in another. Here its effect is drawn for each setting,
with mean 0, so every claim about the option in general is false. The seeds of a configuration are averaged first, so
that a pair of configurations counts as one observation and not as one per seed. `interval`: the option's own 95 %
interval excludes 0. `claim`: the option is claimed to have an effect after the correction for the page. `any option`:
the same for this option, the color or the dropout; the other two have no mean effect either.
"""

_COVERAGE: Final = """An interval states what it is uncertain about. The interval of one run covers further *images* for
this one trained network; the interval of a mean over seeds covers further *runs and images*. Each number is the share
of drawn intervals that contain the truth they are about, and should be 95 %.

- **One run.** Logits come from two normal distributions and are calibrated by construction, so the truth of each metric
  is known; for the ECE it is the value expected with this many images. An en dash means that the metric is not given
  for so few images.
- **Clusters.** Images of one scene share half of their variance, and whole clusters are resampled. With few clusters no
  bootstrap knows how much they scatter.
- **Means over seeds.** The truth is the mean over all runs and images. With one seed the interval covers only images:
  its row shows how seldom it contains the configuration's mean, and is no promise. The next run is another training
  with another seed, tested on the same images.
- **Differences.** With one run each, the truth is the difference between the two networks; with several, between the
  configurations.
- **Thresholds.** A threshold is chosen on validation images to call 5 % of new reals fake *on average*. In some
  calibrations the rate is higher, and the bounds beside it say how high it may be. The unsure band should leave at most
  5 % errors among the calls outside it.
"""

_POWER: Final = """One of two configurations is truly better by 3, 5 or 10 points of accuracy on the held-out category,
and the page compares only these two. Each number is the share of pages that call it better. The last column is the
smallest number of seeds *of each configuration* with which 8 of 10 pages do. A larger page corrects for more
comparisons and detects less.
"""


def run_statistics_benchmark(*, pages: int, seed: int, processes: int | None, out: Path | None) -> list[Chapter]:
    """Run the simulation, and print or write its tables.

    Args:
        pages: Pages drawn for each rate; cheap draws are repeated more often.
        seed: Random seed of the draws.
        processes: Processes that draw in parallel, None for one per core; the result does not depend on it.
        out: Markdown file to write; None prints the tables.

    Returns:
        The chapters that were written or printed.

    Raises:
        OutputError: The file cannot be written.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 170  # in a log file
    if out is not None:
        _check_writable(out)
    outcomes = simulate_points(plan_draws(pages), seed, processes, console)
    chapters = [
        Chapter("False claims", _CLAIMS, tabulate_claims(outcomes, pages)),
        Chapter("Options whose effect differs between settings", _EFFECTS, tabulate_effects(outcomes, pages)),
        Chapter("Intervals", _COVERAGE, tabulate_coverage(outcomes, pages)),
        Chapter("How many seeds to take", _POWER, tabulate_power(outcomes, pages)),
    ]
    if out is not None:
        with clear_output_errors(out.parent, "--out"):
            write_text(out, render_document(chapters, pages, seed))
        console.print(f"written to {out}", soft_wrap=True)
    else:
        for chapter in chapters:
            console.rule(chapter.title)
            for table in chapter.tables:
                console.print(render_terminal(table))
    rows = [row for chapter in chapters for table in chapter.tables for row in table.rows]
    broken = sum(cell.tone is Tone.BAD for row in rows for cell in row.cells)
    console.print(f"rates that clearly break their promise of 5 % or 95 %: {broken}")
    return chapters


def _check_writable(out: Path) -> None:
    """Fail before the simulation, not after it, if the file cannot be written."""
    if out.is_dir():
        raise OutputError(f"--out={out} is a folder; name a file in it")
    with clear_output_errors(out.parent, "--out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out.parent).close()


def render_document(chapters: Sequence[Chapter], pages: int, seed: int) -> str:
    """Write the whole page in Markdown, with broken promises in bold."""
    parts = [_OPENING.format(pages=pages, seed=seed)]
    for chapter in chapters:
        parts.append(f"## {chapter.title}\n{chapter.text}")
        parts += [f"**{table.title}**\n\n{render_markdown(_embolden(table))}" for table in chapter.tables]
    return "\n".join(parts)


def _embolden(table: Table) -> Table:
    def draw(cell: Cell, column: Column) -> Cell:
        return Cell(f"**{format_cell(cell, column.form)}**") if cell.tone is Tone.BAD else cell

    return replace(table, rows=tuple(Row(tuple(map(draw, row.cells, table.columns))) for row in table.rows))
