"""docs/statistics.md: the tables of the simulation, and in plain words what they are tables of."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from fakeid.simulation.rates import RateTable, render_rates_markdown

COMMAND: Final = "python -m fakeid benchmark statistics"
DOCUMENT: Final = "docs/statistics.md"


class Chapter(NamedTuple):
    """Some tables and what stands above them.

    Attributes:
        title: Of a few words.
        text: Paragraphs in Markdown.
        tables: In order.
    """

    title: str
    text: str
    tables: Sequence[RateTable]


_OPENING: Final = f"""# What the numbers promise, and whether they keep it

This page is written by `{COMMAND} --pages {{pages}} --seed {{seed}} --out {DOCUMENT}`; the same command writes the
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

CLAIMS: Final = """A claim is a verdict "better" or "worse". Nothing is better than anything else here, so that every
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

EFFECTS: Final = """An option may help in one setting and hurt in another. Here its effect is drawn for each setting,
with mean 0: what is claimed of the option in general is false. The seeds of a configuration are averaged first, so that
a pair of configurations is one observation, not one for each seed. `interval`: the option's own 95 % interval misses 0.
`claim`: after the correction for the page. `any option`: that, or the color or the dropout, which do nothing either.
"""

COVERAGE: Final = """An interval says what it is uncertain about. That of one run covers further *images* for this one
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

POWER: Final = """Two configurations of which one is truly better by 3, 5 or 10 points of accuracy on the held-out
category, on a page of these two. Each number is the share of pages that call it better; the last column is the least
number of seeds *of each* with which 8 of 10 pages do. A larger page corrects for more comparisons and sees less.
"""


def render_document(chapters: Sequence[Chapter], pages: int, seed: int) -> str:
    """The whole page, in Markdown."""
    parts = [_OPENING.format(pages=pages, seed=seed)]
    for chapter in chapters:
        parts += [f"## {chapter.title}\n{chapter.text}", *(render_rates_markdown(one) + "\n" for one in chapter.tables)]
    return "\n".join(parts)
