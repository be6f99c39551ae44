"""Everything that a report over many runs says, before it becomes Markdown, HTML or files."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fakeid.evaluation.run_summary import RunSummary
from fakeid.reporting.answer import write_answer, write_caveat
from fakeid.reporting.averages import Cell, FinishedRun, collect_cells
from fakeid.reporting.claims import Claims, compare_cells
from fakeid.reporting.effects import Effect, measure_effects
from fakeid.reporting.misplaced_runs import describe_misplaced_runs
from fakeid.reporting.page_family import correct_page
from fakeid.reporting.paper import FIGURES, TABLES
from fakeid.reporting.report_figures import ReportFigure, collect_figures
from fakeid.reporting.sweep_evaluations import EvaluationTable, build_evaluation_tables
from fakeid.reporting.sweep_figures import SweepFigure, build_figures
from fakeid.reporting.sweep_tables import SweepTable, build_tables
from fakeid.reporting.trends import SettingTrend, fit_trends


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


@dataclass(frozen=True, eq=False)
class SweepReport:
    """The content of a report; `runs` and `cells` hold everything, the rest is made of them.

    Attributes:
        title: Name of the folder.
        runs: By name.
        cells: Of the finished runs.
        answer: Three sentences or four.
        caveat: What the numbers cannot say.
        warnings: Of the audits, with the number of runs that each concerns.
        misplaced: Which runs rank well, but at a threshold that is off; one sentence for each kind of images.
        missing: Tables and figures of the paper that have no runs here.
    """

    title: str
    runs: list[FolderRun]
    cells: list[Cell]
    tables: list[SweepTable]
    figures: list[ReportFigure]
    evaluations: list[EvaluationTable]
    trends: list[SettingTrend]
    effects: list[Effect]
    claims: Claims
    answer: list[str]
    caveat: str
    warnings: list[tuple[str, int]]
    misplaced: list[str]
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
    def refusals(self) -> list[tuple[str, int, str]]:
        """Why cells were not compared: the reason, how often, and an example."""
        found: dict[str, list[str]] = {}
        for first, second, reason in self.claims.refused:
            found.setdefault(reason, []).append(f"{first.name} and {second.name}")
        return [(reason, len(pairs), pairs[0]) for reason, pairs in found.items()]


def build_sweep_report(title: str, runs: Sequence[FolderRun]) -> SweepReport:
    """Average, compare and answer.

    Args:
        title: Name of the folder.
        runs: At least one of them finished; their order does not matter.

    Raises:
        DataError: Two runs of one setting, number of categories and seed.
    """
    tested = [run.tested for run in runs if run.tested]
    cells = collect_cells(tested)
    claims, effects = correct_page(compare_cells(cells), measure_effects(tested))
    tables, curves = build_tables(cells), build_figures(cells)
    return SweepReport(
        title=title,
        runs=sorted(runs, key=lambda run: run.name),
        cells=cells,
        tables=tables,
        figures=collect_figures(cells, curves, effects),
        evaluations=build_evaluation_tables(cells),
        trends=fit_trends(cells),
        effects=effects,
        claims=claims,
        answer=write_answer(cells, claims, effects),
        caveat=write_caveat(cells),
        warnings=count_warnings([run.summary for run in tested]),
        misplaced=describe_misplaced_runs(cells),
        missing=_list_missing(tables, curves),
    )


def count_warnings(summaries: Sequence[RunSummary]) -> list[tuple[str, int]]:
    """Count the runs that each warning of the audits concerns."""
    counts = Counter(warning for summary in summaries for warning in summary.warnings)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _list_missing(tables: Sequence[SweepTable], curves: Sequence[SweepFigure]) -> list[str]:
    numbers = {table.setting.table for table in tables}
    missing = [f"Tab {number}: {name}" for number, name in TABLES.items() if number not in numbers]
    shown = {curve.number for curve in curves}
    return [*missing, *(f"Fig {number}" for number in FIGURES if number not in shown)]
