"""Tables of comparisons of detectors."""

from dataclasses import fields
from itertools import pairwise
from typing import Final

from fakeid.evaluation.comparison import Comparison, Measured
from fakeid.reporting.comparison.findings import judge_measured, name_group
from fakeid.reporting.comparison.record import ComparisonRecord, MetricDifference
from fakeid.reporting.significance import list_cells, to_known
from fakeid.reporting.table import Cell, Column, Form, Row, Table

_GROUPS: Final = (Column("images of"), Column("real", Form.COUNT), Column("fake", Form.COUNT))
_ACCURACY: Final = (
    Column("accuracy, points", Form.POINTS, name="accuracy difference"),
    Column("p (Holm)", Form.P_VALUE, name="accuracy p"),
    Column("verdict", name="accuracy verdict"),
)
_AUROC: Final = (
    Column("AUROC, difference", Form.UNITS, name="AUROC difference"),
    Column("p (Holm)", Form.P_VALUE, name="AUROC p"),
    Column("verdict", name="AUROC verdict"),
)
_COLUMNS: Final = (
    *_GROUPS,
    Column("baseline accuracy %", Form.PERCENT),
    Column("accuracy %", Form.PERCENT),
    *_ACCURACY,
    Column("baseline AUROC", Form.UNIT),
    Column("AUROC", Form.UNIT),
    *_AUROC,
)
_KEYS: Final = [field.name for field in fields(MetricDifference)]


def tabulate_comparison(comparison: Comparison) -> Table:
    """Tabulate a comparison, one group per row: the values of both detectors, the difference and the verdict."""
    kinds = [row.kind for row in comparison.rows]
    rows = [
        Row(
            (
                *(Cell(value) for value in (name_group(row), row.num_real, row.num_fake)),
                *_list_cells(row.accuracy),
                *_list_cells(row.auroc),
            ),
            ends_section=ends,
        )
        for row, ends in zip(comparison.rows, [*(a != b for a, b in pairwise(kinds)), False], strict=True)
    ]
    return Table.of(f"{comparison.second} against {comparison.first}", _COLUMNS, rows)


def split_metrics(table: Table) -> list[Table]:
    """Split a table into differences in accuracy and in AUROC, without the values, so that each fits a terminal."""
    return [table.select((*_GROUPS, *columns)) for columns in (_ACCURACY, _AUROC)]


def tabulate_differences(record: ComparisonRecord) -> Table:
    """Build the table of comparison.csv: one row per group and metric, with the keys of comparison.json as columns."""
    rows = [[getattr(difference, name) for name in _KEYS] for difference in record.differences]
    rows = [[" ".join(map(str, value)) if isinstance(value, tuple) else value for value in row] for row in rows]
    return Table.of("", [Column(name) for name in _KEYS], rows)


def _list_cells(measured: Measured) -> list[Cell]:
    values = [Cell(to_known(value)) for value in (measured.first, measured.second)]
    return values + list_cells(measured.difference, measured.corrected_p, judge_measured(measured))
