"""The report over the runs of a folder, before it becomes Markdown, HTML or files."""

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
from fakeid.reporting.sweep.answer import write_answer, write_caveat
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
"""A table for each budget, with the line above it; the line is empty where there is one budget."""

COMMAND: Final = Column("command", Form.CODE)
"""Of the table of unfinished runs; a page has the commands of all runs elsewhere."""

_EFFECTS_NOTE: Final = (
    "All else equal: over all pairs of configurations that agree in the number of categories and every other option, "
    "on images that no run was trained on. The seeds of a configuration are averaged first. The interval covers "
    "further settings and images: the scatter of the effect between pairs (Student's, pairs less one) and the images "
    "that all share. A change with one pair is a comparison of two configurations and stands below."
)
_SETTINGS_NOTE: Final = "At the same number of categories, on the images of all categories that neither was trained on."
_CATEGORIES_TITLE: Final = "Numbers of categories against each other"
_CATEGORIES_NOTE: Final = "Of one setting, on the images of those categories that neither was trained on."
_BEST_NOTE: Final = (
    "On the images of those categories that no run was trained on. Corrected for all pairs of configurations, for each "
    "could have come out highest."
)


@dataclass(frozen=True, eq=False)
class FolderRun:
    """A run as it lies in the folder, finished or not.

    Attributes:
        name: Of its folder.
        state: `done`, `running`, `failed`, `interrupted`; `unreadable` where its files are damaged.
        reason: Why it is not done, or how far it is.
        command: What trains it again; empty where its options are not known.
        tested: Its numbers, where it is done.
    """

    name: str
    state: str
    reason: str
    command: str
    tested: FinishedRun | None

    @property
    def link(self) -> str:
        """Its folder, relative to the page of the report."""
        return link_run(self.name)


@dataclass(frozen=True, eq=False)
class Differences:
    """Comparisons of one kind.

    Attributes:
        slug: Short, for links.
        note: What is compared.
        judged: The comparisons.
        table: One row each.
    """

    slug: str
    note: str
    judged: Sequence[Judged]
    table: Table

    @property
    def counts(self) -> str:
        """How many came out how, such as `2 better, 5 not significant`."""
        counts = Counter(each.verdict for each in self.judged)
        return ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


@dataclass(frozen=True, eq=False)
class SweepReport:
    """The content of a report; `runs` and `configurations` hold everything, the rest is made of them.

    Attributes:
        title: Name of the folder.
        runs: By name.
        configurations: Of the finished runs.
        accuracies: The paper's tables.
        answer: What the folder shows, see `fakeid.reporting.sweep.answer`.
        caveat: What the numbers cannot say; empty where nothing is compared.
        warnings: Of the audits.
        misplaced: Which runs rank well, but at a threshold that is off; one finding for each kind of images.
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
        """The finished runs."""
        return [run.tested for run in self.runs if run.tested]

    @property
    def unfinished(self) -> list[FolderRun]:
        """The others."""
        return [run for run in self.runs if not run.tested]

    @property
    def listed_claims(self) -> list[Claim]:
        """All comparisons of configurations that a table shows."""
        return [*self.claims.settings, *self.claims.categories, *self.claims.best]

    @property
    def refusals(self) -> list[str]:
        """Why configurations were not compared, how often, and an example; one sentence a reason."""
        found: dict[str, list[str]] = {}
        for first, second, reason in self.claims.refused:
            found.setdefault(reason, []).append(f"{first.name} and {second.name}")
        return [
            f"Not compared: {format_count(len(pairs), 'pair')}, for {reason} (such as {pairs[0]})."
            for reason, pairs in found.items()
        ]

    @cached_property
    def verdicts(self) -> str:
        """How the finished runs are judged, from good to bad, such as `verdicts: 2 undecided, 18 fails`."""
        counts = Counter(judge(run.summary, run.evaluation).verdict for run in self.tested)
        return f"verdicts: {', '.join(f'{counts[each]} {each.value}' for each in Verdict if counts[each])}"

    @property
    def brackets(self) -> str:
        """What intervals over all configurations cover."""
        return describe_brackets(self.configurations)

    @cached_property
    def names(self) -> tuple[str, Table]:
        """What short names of settings stand for: a text and a table; both empty where names say it themselves."""
        return explain_names(self.configurations)

    @cached_property
    def accuracies_by_budget(self) -> list[tuple[str, list[AccuracyTable]]]:
        """The paper's tables for each budget."""
        return split_by_budget(self.accuracies, attrgetter("setting"))

    @cached_property
    def averages(self) -> BudgetTables:
        """One row a configuration."""
        return _tabulate_by_budget(self.configurations, tabulate_averages)

    @cached_property
    def classes(self) -> BudgetTables:
        """Real and fake apart, one row a configuration."""
        return _tabulate_by_budget(self.configurations, tabulate_classes)

    @cached_property
    def finished(self) -> BudgetTables:
        """One row a finished run."""
        return _tabulate_by_budget(self.configurations, tabulate_runs)

    @cached_property
    def slopes(self) -> BudgetTables:
        """One row a setting with several numbers of categories."""
        return _tabulate_by_budget(self.trends, tabulate_trends)

    @cached_property
    def left_out_families(self) -> list[Table]:
        """What is reached on families that `data=simulated` has and that were left out: by setting, and of each."""
        tables = (tabulate_left_out_families(self.tested), tabulate_each_left_out_family(self.tested))
        return [table for table in tables if table.rows]

    @cached_property
    def differences(self) -> list[Differences]:
        """The comparisons, those kinds left out of which there are none."""
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
        """Why runs are not in the numbers, and what trains them."""
        columns = [*map(Column, ("run", "state", "reason")), COMMAND]
        rows = [[run.name, run.state, run.reason, run.command] for run in self.unfinished]
        return Table.of("Not finished", columns, rows)

    @cached_property
    def provenance(self) -> Table:
        """On which images, by what and where the runs were trained."""
        return tabulate_provenance(self.tested)


def _tabulate_by_budget(items: Sequence[Any], tabulate: Callable[[Sequence[Any]], Table]) -> BudgetTables:
    return [(budget, tabulate(group)) for budget, group in split_by_budget(items, attrgetter("setting"))]


def build_sweep_report(title: str, runs: Sequence[FolderRun]) -> SweepReport:
    """Average the runs of a folder, compare them, and answer the paper's question.

    Args:
        title: Name of the folder.
        runs: At least one of them finished; their order does not matter.

    Raises:
        DataError: Two runs of one setting, number of categories and seed.
    """
    tested = [run.tested for run in runs if run.tested]
    configurations = collect_configurations(tested)
    claims, effects = correct_page(compare_configurations(configurations), measure_effects(tested))
    tables, curves = build_accuracy_tables(configurations), build_curves(configurations)
    on_families = answer_left_out_families(tested)
    # Such runs were not made for the paper's question, and cannot answer it.
    is_on_families_alone = bool(on_families) and all(run.summary.unseen is None for run in tested)
    on_content = [] if is_on_families_alone else write_answer(configurations, claims, effects)
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
        answer=[*on_families, *on_content],
        caveat="" if is_on_families_alone else write_caveat(configurations),
        warnings=count_warnings(run.summary for run in tested),
        misplaced=list_misplaced_thresholds(configurations),
        missing=[] if is_on_families_alone else _list_missing(tables, curves),
    )


def _list_missing(tables: Sequence[AccuracyTable], curves: Sequence[Curves]) -> list[str]:
    numbers = {table.setting.table for table in tables}
    missing = [f"Tab {number}: {name}" for number, name in TABLES.items() if number not in numbers]
    shown = {curve.number for curve in curves}
    return [*missing, *(f"Fig {number}" for number in FIGURES if number not in shown)]
