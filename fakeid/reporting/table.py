"""Tables of typed cells: numbers stay numbers until a renderer formats them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from fakeid.evaluation.records.results import Estimate

Value: TypeAlias = str | int | float | Estimate | None
"""Value of a cell; None and estimates with neither a value nor bounds are undefined."""


class Form(Enum):
    """Format of the values in a column."""

    TEXT = "text"
    CODE = "code"
    """Text that users type, such as a command."""
    COUNT = "count"
    """A whole number with thousands separators."""
    DIGITS = "digits"
    """A whole number without separators, where space is short."""
    PERCENT = "percent"
    """A share in [0, 1] in percent with one decimal; the heading holds the percent sign."""
    UNIT = "unit"
    """A number in [0, 1] with three decimals; very large numbers in scientific notation."""
    POINTS = "points"
    """A difference of shares in percentage points, with its sign and one decimal."""
    UNITS = "units"
    """A difference of numbers in [0, 1], with its sign and three decimals."""
    SLOPE = "slope"
    """A slope in percentage points per unit, with its sign and two decimals."""
    P_VALUE = "p-value"
    """A p-value with as many digits as are meaningful."""
    NUMBER = "number"
    """A number with one decimal, such as minutes."""
    RATE = "rate"
    """A number rounded to a whole one, such as images per second."""


class Tone(Enum):
    """Assessment that a cell expresses, shown as a color if the renderer has colors."""

    GOOD = "good"
    BAD = "bad"
    DOUBTFUL = "doubtful"
    OPEN = "open"
    """Nothing was decided, or could be."""
    FAINT = "faint"


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        heading: Plain text with the unit, such as `accuracy %`.
        form: Format of the values.
        short: Heading for narrow tables in a terminal, which may have line breaks; empty for `heading`.
        name: Column name in files and in W&B; empty for `heading`.
        marked: Meaning of a mark in this column, in one word. Files and W&B get an extra column with this suffix, which
            tells which cells are marked; empty for no extra column.
    """

    heading: str
    form: Form = Form.TEXT
    short: str = ""
    name: str = ""
    marked: str = ""


@dataclass(frozen=True)
class Cell:
    """A value and how it is presented.

    Attributes:
        value: The value, which is all that files and W&B get.
        lack: Text shown if the value is undefined, such as `needs 500 reals, has 50`.
        mark: Text after the value, such as a dagger for categories that were trained on.
        link: Link target, relative to the page.
        tone: Tone that decides the color.
        note: Note on a name, such as `held out`: below the name in a terminal, otherwise in parentheses after it.
    """

    value: Value = None
    lack: str = ""
    mark: str = ""
    link: str = ""
    tone: Tone | None = None
    note: str = ""


Line: TypeAlias = Sequence[Cell | Value]
"""A row with one bare value or cell per column."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        cells: Cells, one per column.
        strong: Whether the row is emphasized, such as a total.
        ends_section: Whether a rule is drawn below the row.
    """

    cells: tuple[Cell, ...]
    strong: bool = False
    ends_section: bool = False


@dataclass(frozen=True)
class Table:
    """A table that all renderers accept: those of `fakeid.reporting.renderers` and the pages.

    Attributes:
        title: Title; empty if the context already states it.
        columns: Columns from left to right.
        rows: Rows from top to bottom, each with one cell per column.
        notes: Sentences below the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            assert len(row.cells) == len(self.columns), f"{len(row.cells)} cells in {len(self.columns)} columns"

    @classmethod
    def of(
        cls,
        title: str,
        columns: Sequence[Column],
        rows: Iterable[Row | Line],
        notes: Iterable[str] = (),
    ) -> "Table":
        """Build a table from bare values as well as cells.

        Args:
            title: Title; may be empty.
            columns: Columns from left to right.
            rows: Rows, each a `Row` or a sequence of one value or cell per column.
            notes: Sentences below the table.

        Returns:
            The table.
        """
        return cls(title, tuple(columns), tuple(_build_row(row) for row in rows), tuple(notes))

    def select(self, columns: Sequence[Column]) -> "Table":
        """Return a table of some of the columns, without the title."""
        places = [self.columns.index(column) for column in columns]
        rows = (replace(row, cells=tuple(row.cells[place] for place in places)) for row in self.rows)
        return Table("", tuple(columns), tuple(rows), self.notes)

    def without(self, *columns: Column) -> "Table":
        """Return the table without some columns, such as those that a paper does not have."""
        kept = [place for place, column in enumerate(self.columns) if column not in columns]
        rows = (replace(row, cells=tuple(row.cells[place] for place in kept)) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in kept), rows=tuple(rows))

    def without_empty_columns(self) -> "Table":
        """Return the table without the columns that are empty in every row; a table without rows keeps them all."""
        empty = [
            column
            for place, column in enumerate(self.columns)
            if self.rows and all(_is_empty(row.cells[place]) for row in self.rows)
        ]
        return self.without(*empty)


def _is_empty(cell: Cell) -> bool:
    value = cell.value
    is_unknown = isinstance(value, Estimate) and (value.value, value.low, value.high) == (None, None, None)
    return (is_unknown or value in (None, "")) and not cell.lack


def _build_row(row: Row | Line) -> Row:
    if isinstance(row, Row):
        return row
    return Row(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row))
