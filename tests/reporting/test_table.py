"""Typed tables, and the output of each renderer."""

import pytest
from rich.console import Console

from fakeid.evaluation.records.results import Estimate
from fakeid.reporting.formatting import format_estimate, format_number, format_share
from fakeid.reporting.renderers import render_latex, render_markdown, render_terminal, tabulate
from fakeid.reporting.table import Cell, Column, Form, Row, Table

TABLE = Table.of(
    "Accuracy",
    [
        Column("images of"),
        Column("real", Form.COUNT),
        Column("accuracy %", Form.PERCENT),
        Column("TPR %", Form.PERCENT),
    ],
    [
        Row((Cell("all"), Cell(1234), Cell(Estimate(0.912, 0.899, 0.924)), Cell(Estimate(0.5))), strong=True),
        ["cat|dog", 50, Cell(Estimate(1.0, 0.95, 1.0), mark="\N{DAGGER}"), Cell(Estimate(), lack="needs 500 reals")],
    ],
    notes=["In brackets: 95 % interval."],
)


@pytest.mark.parametrize(
    ("number", "form", "written"),
    [
        (0.9999, Form.UNIT, "1.000"), (12345.6, Form.UNIT, "1.2e+04"), (0.123, Form.PERCENT, "12.3"),
        (-0.01, Form.POINTS, "-1.0"), (0.00001, Form.P_VALUE, "< 0.0001"), (0.004, Form.P_VALUE, "0.0040"),
        (0.04, Form.P_VALUE, "0.04"), (None, Form.UNIT, "\N{EN DASH}"), (float("nan"), Form.UNITS, "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_numbers_are_written_by_their_form(number: float | None, form: Form, written: str) -> None:
    assert format_number(number, form) == written


def test_an_estimate_is_written_with_its_interval_where_it_has_one() -> None:
    assert format_estimate(Estimate(0.5, 0.4, 0.6), Form.UNITS) == "+0.500 [+0.400, +0.600]"
    assert format_estimate(Estimate(0.5), Form.UNIT) == "0.500"
    assert format_share(Estimate(0.5, 0.4, 0.6)) == "50.0\N{NO-BREAK SPACE}% [40.0, 60.0]"


def test_markdown_escapes_bars_and_keeps_notes() -> None:
    lines = render_markdown(TABLE).splitlines()
    assert lines[0] == "| images of | real | accuracy % | TPR % |"
    assert lines[2] == "| all | 1,234 | 91.2 [89.9, 92.4] | 50.0 |"
    assert lines[3] == "| cat\\|dog | 50 | 100.0 [95.0, 100.0]\N{DAGGER} | needs 500 reals |"
    assert lines[-1] == "In brackets: 95 % interval."


def test_files_get_numbers_and_bounds() -> None:
    names, rows = tabulate(TABLE)
    assert names == ["images of", "real", "accuracy %", "accuracy % low", "accuracy % high", "TPR %"]
    assert rows == [["all", 1234, 0.912, 0.899, 0.924, 0.5], ["cat|dog", 50, 1.0, 0.95, 1.0, None]]


def test_names_of_columns_are_unique() -> None:
    table = Table.of("", [Column("p"), Column("p"), Column("p")], [["a", "b", "c"]])
    assert tabulate(table)[0] == ["p", "p 2", "p 3"]


def test_the_terminal_has_intervals_below_their_values() -> None:
    console = Console(width=80, record=True, file=None)
    with console.capture() as capture:
        console.print(render_terminal(TABLE))
    text = capture.get()
    assert "89.9\N{EN DASH}92.4" in text
    assert "[89.9" not in text


def test_latex_escapes_what_it_would_read() -> None:
    text = render_latex(TABLE, caption="50 % of #1", label="tab1")
    assert r"\rotatebox{90}{accuracy \%}" in text
    assert r"\caption{50 \% of \#1}" in text
    lines = text.splitlines()
    assert r"cat|dog & 50 & 100.0$^{\dagger}$ & needs 500 reals \\" in lines
    assert lines[lines.index(r"cat|dog & 50 & 100.0$^{\dagger}$ & needs 500 reals \\") + 1] == (
        r" &  & \tiny 95.0--100.0 &  \\[2pt]"
    )


def test_a_row_must_fill_its_columns() -> None:
    with pytest.raises(AssertionError, match="1 cells in 2 columns"):
        Table.of("", [Column("a"), Column("b")], [["x"]])


def test_bounds_alone_are_a_range() -> None:
    table = Table.of("", [Column("one more run", Form.PERCENT)], [[Estimate(None, 0.812, 0.95)], [None]])
    assert render_markdown(table).splitlines()[2:] == ["| 81.2 to 95.0 |", "| \N{EN DASH} |"]
    assert tabulate(table) == (["one more run low", "one more run high"], [[0.812, 0.95], [None, None]])


def test_marks_are_a_column_of_files_where_they_have_a_meaning() -> None:
    column = Column("cat", Form.PERCENT, marked="seen")
    table = Table.of("", [Column("k", Form.COUNT), column], [[1, Cell(0.5, mark="*")], [2, Cell(0.25)]])
    assert tabulate(table) == (["k", "cat", "cat seen"], [[1, 0.5, True], [2, 0.25, False]])
    assert tabulate(table.without(column)) == (["k"], [[1], [2]])


def test_commands_are_code_in_markdown() -> None:
    table = Table.of("", [Column("command", Form.CODE)], [["train.py a|b"], [""]])
    assert render_markdown(table).splitlines()[2:] == ["| `train.py a\\|b` |", "|  |"]


def test_columns_without_a_value_can_be_left_out() -> None:
    columns = [Column("name"), *(Column(name, Form.PERCENT) for name in ("empty", "range", "lacking", "zero"))]
    unknown, ranged, lacking = Estimate(), Estimate(None, 0.1, 0.2), Cell(Estimate(), lack="needs 500 reals")
    table = Table.of("", columns, [["a", unknown, unknown, unknown, 0.0], ["b", None, ranged, lacking, 0.0]])
    assert [column.heading for column in table.without_empty_columns().columns] == ["name", "range", "lacking", "zero"]
    assert Table.of("", columns, []).without_empty_columns().columns == tuple(columns)
