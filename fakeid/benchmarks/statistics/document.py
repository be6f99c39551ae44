"""`python -m fakeid benchmark statistics`, docs/statistics.md: do claims, intervals and thresholds keep their word?"""

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
    """Some tables, and above them a title of a few words and paragraphs in Markdown."""

    title: str
    text: str
    tables: Sequence[Table]


_OPENING: Final = f"""# What the numbers promise, and whether they keep it

This page is written by `{_COMMAND} --pages {{pages}} --seed {{seed}} --out {_DOCUMENT}`; the same command writes the
same page, whatever the number of processes. It draws the scores of detectors whose true accuracy is known, hands them
to the code that `report`, `compare` and `evaluate` run, and counts what that code says: how often it claims a
difference where there is none, how often an interval holds the truth, and how often a true difference is seen. **Bold**
is a rate that breaks its promise of 5 % or 95 % so clearly that chance explains it in one draw of a thousand at most.

## How scores are drawn
The logit of an image is sign · (signal + slope of the run) + shift of the run + image + noise, with sign +1 for fakes
and -1 for reals. All parts are normal. The signal belongs to the configuration and the category (standard deviation
between categories 0.5 logits; 1 logit more on content that was trained on). Slope and shift are drawn for each run, a
quarter of their variance anew for each category: the shift moves the accuracy at P(fake) = 0.5 and leaves the AUROC of
a category alone, the slope moves both. The image term is drawn once for all runs, for an image that is hard for one
detector is hard for the others: 60 % of the variance between images. The mean accuracy on unseen content of average
difficulty is 85 %. Runs scatter by 3 or by 6.5 points: the standard deviation, from seed to seed, of the true accuracy
on the held-out category, which is about what eight seeds of the demo did with and without a learning rate that decays.
Each of eleven categories has 100 real and 100 fake test images where nothing else is said. What the simulation does not
hold: logits with heavy tails, seeds that fail altogether, categories whose images resemble each other, configurations
whose runs scatter differently, or a data set drawn anew.
"""

_CLAIMS: Final = """A claim is a verdict "better" or "worse". Nothing is better than anything else here, so that every
claim is false; of all tables of a kind at most 5 % should have one. With one run of each configuration nothing is
judged, for two seeds of the same configuration differ as two configurations do. With several, runs of the same seed
are paired, and runs and images are crossed: a claim is to hold for further seeds and further images. p-values are
corrected by Holm for everything that a page compares, accuracy and AUROC together, and a table has a claim where either
is called better or worse. `configurations` compares settings at the same number of categories, `categories` numbers of
categories of the same setting, `best` the best configuration with each other one, `options` what one option does
averaged over all configurations that agree in the rest; `answer` is any sentence at the top of the page. No verdict
rests on the slope over the number of categories, which is shown with its own 95 % interval: the column is the share of
slopes whose interval misses 0.
"""

_EFFECTS: Final = """An option may help in one setting and hurt in another. Here its effect is drawn for each setting,
with mean 0: what is claimed of the option in general is false. The seeds of a configuration are averaged first, so that
a pair of configurations is one observation, not one for each seed. `interval`: the option's own 95 % interval misses 0.
`claim`: after the correction for the page. `any option`: that, or the color or the dropout, which do nothing either.
"""

_COVERAGE: Final = """An interval says what it is uncertain about. That of one run covers further *images* for this one
trained network; the interval of a mean over seeds covers further *runs and images*. Each number is the share of drawn
intervals that hold the truth they are about, and should be 95 %.

- **One run.** Logits of two normal distributions, calibrated, so that the truth of each metric is known; that of the
  ECE is what so many images are expected to show. An en dash: the metric is not given for so few images.
- **Clusters.** Images of one scene share half of their variance, and whole clusters are drawn. With few clusters no
  bootstrap knows how far they scatter.
- **Means over seeds.** The truth is the mean over all runs and images. With one seed the interval covers images alone:
  the row shows how seldom it holds the configuration's mean, and is no promise. The next run is another training with
  another seed, tested on the same images.
- **Differences.** With one run each the truth is that of the two networks; with several, that of the configurations.
- **Thresholds.** A threshold is chosen on validation images to call 5 % of new reals fake *on average*; in some
  calibrations it is more, and the bounds beside it say how much. The unsure band is to leave at most 5 % wrong among
  the calls outside it.
"""

_POWER: Final = """Two configurations of which one is truly better by 3, 5 or 10 points of accuracy on the held-out
category, on a page of these two. Each number is the share of pages that call it better; the last column is the least
number of seeds *of each* with which 8 of 10 pages do. A larger page corrects for more comparisons and sees less.
"""


def run_statistics_benchmark(*, pages: int, seed: int, processes: int | None, out: Path | None) -> list[Chapter]:
    """Draw, count, and print or write the tables.

    Args:
        pages: Drawn for each rate; cheap ones are drawn more often.
        seed: Of the draws.
        processes: That draw at the same time, None for one a core; the outcome does not depend on it.
        out: A Markdown file to write; None prints the tables.

    Returns:
        What was written.

    Raises:
        OutputError: The file cannot be written.
    """
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 170  # of a log file
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
    """Tell what would go wrong before all is drawn, not after."""
    if out.is_dir():
        raise OutputError(f"--out={out} is a folder; name a file in it")
    with clear_output_errors(out.parent, "--out"):
        out.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=out.parent).close()


def render_document(chapters: Sequence[Chapter], pages: int, seed: int) -> str:
    """Write the whole page in Markdown, what breaks its promise in bold."""
    parts = [_OPENING.format(pages=pages, seed=seed)]
    for chapter in chapters:
        parts.append(f"## {chapter.title}\n{chapter.text}")
        parts += [f"**{table.title}**\n\n{render_markdown(_embolden(table))}" for table in chapter.tables]
    return "\n".join(parts)


def _embolden(table: Table) -> Table:
    def draw(cell: Cell, column: Column) -> Cell:
        return Cell(f"**{format_cell(cell, column.form)}**") if cell.tone is Tone.BAD else cell

    return replace(table, rows=tuple(Row(tuple(map(draw, row.cells, table.columns))) for row in table.rows))
