"""Content of the report over the runs of a folder, before it is rendered as Markdown, HTML or files."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, TypeAlias

from fakeid.evaluation.verdict import Verdict
from fakeid.reporting.audit.warnings import AuditWarning, count_warnings
from fakeid.reporting.finding import Finding
from fakeid.reporting.formatting import format_count
from fakeid.reporting.significance import Judged
from fakeid.reporting.sweep.answer import answer_seen_content, write_answer, write_caveat
from fakeid.reporting.sweep.claims import Claim, Claims, compare_configurations
from fakeid.reporting.sweep.configurations import Configuration, FinishedRun, collect_configurations
from fakeid.reporting.sweep.effects import Effect, SettingTrend, correct_page, fit_trends, measure_effects
from fakeid.reporting.sweep.evaluation_tables import EvaluationTable, build_evaluation_tables
from fakeid.reporting.sweep.figures import Curves, ReportFigure, build_curves, collect_figures
from fakeid.reporting.sweep.left_out_families import (
    answer_left_out_families,
    tabulate_each_left_out_family,
    tabulate_left_out_families,
)
from fakeid.reporting.sweep.misplaced_thresholds import list_misplaced_thresholds
from fakeid.reporting.sweep.paper_tables import AccuracyTable, build_accuracy_tables, describe_brackets
from fakeid.reporting.sweep.settings import FIGURES, TABLES, split_by_budget
from fakeid.reporting.sweep.tables import (
    NEXT_RUN,
    explain_names,
    link_run,
    tabulate_averages,
    tabulate_claims,
    tabulate_classes,
    tabulate_effects,
    tabulate_provenance,
    tabulate_runs,
    tabulate_trends,
)
from fakeid.reporting.table import Column, Form, Table
from fakeid.reporting.verdict import judge

BudgetTables: TypeAlias = list[tuple[str, Table]]
"""A table for each budget, preceded by a line that names the budget; the line is empty if there is only one."""

COMMAND: Final = Column("command", Form.CODE)
"""Column of the table of unfinished runs; pages list the commands of all runs elsewhere."""

_NEXT_NOTE: Final = "One more run: the range in which a further training lands on these test images, 95 times in 100."
_EFFECTS_NOTE: Final = (
    "All else equal: over all pairs of configurations that agree in the number of categories and every other option, "
    "on images that no run was trained on. The seeds of a configuration are averaged first. The interval covers "
    "further settings and images: the scatter of the effect between pairs (Student's, with one degree of freedom fewer "
    "than pairs) and the images that all pairs share. A change with a single pair is a comparison of two "
    "configurations and is listed below."
)
_SETTINGS_NOTE: Final = (
    "Settings with the same number of categories, on the images of all categories that neither was trained on."
)
_CATEGORIES_TITLE: Final = "Numbers of categories against each other"
_CATEGORIES_NOTE: Final = (
    "Numbers of categories of one setting, on the images of those categories that neither was trained on."
)
_BEST_NOTE: Final = (
    "On the images of those categories that no run was trained on. Corrected for all pairs of configurations, because "
    "any configuration could have come out highest."
)


@dataclass(frozen=True, eq=False)
class FolderRun:
    """A run in the folder, finished or not.

    Attributes:
        name: Name of the run folder.
        state: `done`, `running`, `failed`, `interrupted`, or `unreadable` if its files are damaged.
        reason: Reason why the run is not done, or its progress.
        command: Command that trains it again; empty if its options are not known.
        tested: Results of the run; None if it is not done.
    """

    name: str
    state: str
    reason: str
    command: str
    tested: FinishedRun | None

    @property
    def link(self) -> str:
        """Return the address of the run folder, relative to the report page."""
        return link_run(self.name)


@dataclass(frozen=True, eq=False)
class Differences:
    """Comparisons of one kind.

    Attributes:
        slug: Short identifier for links.
        note: Description of what is compared.
        judged: Comparisons.
        table: Table with one row per comparison.
    """

    slug: str
    note: str
    judged: Sequence[Judged]
    table: Table

    @property
    def counts(self) -> str:
        """Count the verdicts, such as `2 better, 5 not significant`."""
        counts = Counter(each.verdict for each in self.judged)
        return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


@dataclass(frozen=True, eq=False)
class SweepReport:
    """The content of a report; everything is derived from `runs` and `configurations`.

    Attributes:
        title: Name of the folder.
        runs: Runs of the folder, sorted by name.
        configurations: Configurations of the finished runs.
        accuracies: Tables in the paper's form, of settings that were tested on several categories.
        figures: Figures, drawn on demand.
        evaluations: Tables of the evaluations.
        trends: Slopes of accuracy over the number of categories.
        effects: Effects of options that were changed alone.
        claims: Comparisons of configurations.
        answer: Findings, see `fakeid.reporting.sweep.answer`.
        caveat: What the numbers cannot show; empty if nothing is compared.
        warnings: Audit warnings of the runs.
        misplaced: Warnings about runs that rank well but whose threshold is off, one for each kind of images.
        missing: Tables and figures of the paper that have no runs here.
    """

    title: str
    runs: list[FolderRun]
    configurations: list[Configuration]
    accuracies: list[AccuracyTable]
    figures: list[ReportFigure]
    evaluations: list[EvaluationTable]
    trends: list[SettingTrend]
    effects: list[Effect]
    claims: Claims
    answer: list[Finding]
    caveat: str
    warnings: list[AuditWarning]
    misplaced: list[Finding]
    missing: list[str]

    @property
    def tested(self) -> list[FinishedRun]:
        """List the finished runs."""
        return [run.tested for run in self.runs if run.tested]

    @property
    def unfinished(self) -> list[FolderRun]:
        """List the runs that are not finished."""
        return [run for run in self.runs if not run.tested]

    @property
    def listed_claims(self) -> list[Claim]:
        """List all comparisons of configurations that a table shows."""
        return [*self.claims.settings, *self.claims.categories, *self.claims.best]

    @property
    def refusals(self) -> list[str]:
        """Explain why configurations were not compared, one sentence per reason, with the count and an example."""
        found: dict[str, list[str]] = {}
        for first, second, reason in self.claims.refused:
            found.setdefault(reason, []).append(f"{first.name} and {second.name}")
        return [
            f"Not compared: {format_count(len(pairs), 'pair')}, because {reason} (such as {pairs[0]})."
            for reason, pairs in found.items()
        ]

    @cached_property
    def verdicts(self) -> str:
        """Count the verdicts on the finished runs from good to bad, such as `verdicts: 2 undecided, 18 fails`."""
        counts = Counter(judge(run.summary, run.evaluation).verdict for run in self.tested)
        return f"verdicts: {', '.join(f'{counts[each]} {each.value}' for each in Verdict if counts[each])}"

    @property
    def brackets(self) -> str:
        """Describe what the intervals of all configurations cover."""
        return describe_brackets(self.configurations)

    @property
    def averages_note(self) -> str:
        """Describe what the brackets and ranges of the averages cover."""
        has_range = any(NEXT_RUN in table.columns for _, table in self.averages)
        return f"{self.brackets}.{f' {_NEXT_NOTE}' if has_range else ''}"

    @property
    def num_settings(self) -> int:
        """Count the settings of the finished runs."""
        return len({each.setting for each in self.configurations})

    @cached_property
    def names(self) -> tuple[str, Table]:
        """Explain the short names of settings by a text and a table; both are empty if there are no short names."""
        return explain_names(self.configurations)

    @cached_property
    def accuracies_by_budget(self) -> list[tuple[str, list[AccuracyTable]]]:
        """Group the tables in the paper's form by budget."""
        return split_by_budget(self.accuracies, attrgetter("setting"))

    @cached_property
    def averages(self) -> BudgetTables:
        """Tabulate averages by budget, one row per configuration."""
        return _tabulate_by_budget(self.configurations, tabulate_averages)

    @cached_property
    def classes(self) -> BudgetTables:
        """Tabulate real and fake images separately by budget, one row per configuration."""
        return _tabulate_by_budget(self.configurations, tabulate_classes)

    @cached_property
    def finished(self) -> BudgetTables:
        """Tabulate the finished runs by budget, one row per run."""
        return _tabulate_by_budget(self.configurations, tabulate_runs)

    @cached_property
    def slopes(self) -> BudgetTables:
        """Tabulate slopes by budget, one row per setting with several numbers of categories."""
        return _tabulate_by_budget(self.trends, tabulate_trends)

    @cached_property
    def left_out_families(self) -> list[Table]:
        """Tabulate results on left-out families of `data=simulated`, by setting and by family."""
        tables = (tabulate_left_out_families(self.tested), tabulate_each_left_out_family(self.tested))
        return [table for table in tables if table.rows]

    @cached_property
    def differences(self) -> list[Differences]:
        """List the kinds of comparisons that have at least one comparison."""
        best, options = self.claims.best, self.effects
        settings, categories = self.claims.settings, self.claims.categories
        kinds = (
            Differences("best", _BEST_NOTE, best, tabulate_claims(best, "The highest accuracy against the others")),
            Differences("options", _EFFECTS_NOTE, options, tabulate_effects(options, "One option changed")),
            Differences("settings", _SETTINGS_NOTE, settings, tabulate_claims(settings, "Settings against each other")),
            Differences("categories", _CATEGORIES_NOTE, categories, tabulate_claims(categories, _CATEGORIES_TITLE)),
        )
        return [kind for kind in kinds if kind.judged]

    @cached_property
    def not_finished(self) -> Table:
        """Tabulate why runs are not in the numbers, and the commands that train them."""
        columns = [*map(Column, ("run", "state", "reason")), COMMAND]
        rows = [[run.name, run.state, run.reason, run.command] for run in self.unfinished]
        return Table.of("Not finished", columns, rows)

    @cached_property
    def provenance(self) -> Table:
        """Tabulate the images, code, precision and machines of the runs."""
        return tabulate_provenance(self.tested)


def _tabulate_by_budget(items: Sequence[Any], tabulate: Callable[[Sequence[Any]], Table]) -> BudgetTables:
    """Build a table for each budget, without the columns that are empty in it."""
    groups = split_by_budget(items, attrgetter("setting"))
    return [(budget, tabulate(group).without_empty_columns()) for budget, group in groups]


def build_sweep_report(title: str, runs: Sequence[FolderRun]) -> SweepReport:
    """Average and compare the runs of a folder, and answer the paper's question.

    Args:
        title: Name of the folder.
        runs: Runs in any order, at least one of them finished.

    Returns:
        The report.

    Raises:
        DataError: Two runs have the same setting, number of categories and seed.
    """
    tested = [run.tested for run in runs if run.tested]
    configurations = collect_configurations(tested)
    claims, effects = correct_page(compare_configurations(configurations), measure_effects(tested))
    tables, curves = build_accuracy_tables(configurations), build_curves(configurations)
    on_families = answer_left_out_families(tested)
    # Without unseen content, runs do not address the paper's question.
    if is_on_seen := all(run.summary.unseen is None for run in tested):
        answer = on_families or [answer_seen_content(configurations)]
    else:
        answer = [*on_families, *write_answer(configurations, claims, effects)]
    return SweepReport(
        title=title,
        runs=sorted(runs, key=lambda run: run.name),
        configurations=configurations,
        accuracies=tables,
        figures=collect_figures(configurations, curves, effects),
        evaluations=build_evaluation_tables(configurations),
        trends=fit_trends(configurations),
        effects=effects,
        claims=claims,
        answer=answer,
        caveat="" if is_on_seen else write_caveat(configurations),
        warnings=count_warnings(run.summary for run in tested),
        misplaced=list_misplaced_thresholds(configurations),
        missing=[] if is_on_seen else _list_missing(tables, curves),
    )


def _list_missing(tables: Sequence[AccuracyTable], curves: Sequence[Curves]) -> list[str]:
    numbers = {table.setting.table for table in tables}
    missing = [f"Tab {number}: {name}" for number, name in TABLES.items() if number not in numbers]
    shown = {curve.number for curve in curves}
    return [*missing, *(f"Fig {number}" for number in FIGURES if number not in shown)]
