"""Tables of typed cells: numbers stay numbers until a renderer formats them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from fakeid.evaluation.records.results import Estimate

Value: TypeAlias = str | int | float | Estimate | None
"""What a cell holds; None and estimates with neither a value nor bounds are undefined."""


class Form(Enum):
    """How the values of a column are written."""

    TEXT = "text"
    CODE = "code"
    """Text to be typed, such as a command."""
    COUNT = "count"
    """A whole number with thousands separated."""
    DIGITS = "digits"
    """A whole number in bare digits, where there is no room."""
    PERCENT = "percent"
    """A share in [0, 1] in percent with one decimal; the sign stands in the heading."""
    UNIT = "unit"
    """A number in [0, 1] with three decimals; larger ones in as much room."""
    POINTS = "points"
    """A difference of shares in percentage points, with its sign and one decimal."""
    UNITS = "units"
    """A difference of numbers in [0, 1], with its sign and three decimals."""
    SLOPE = "slope"
    """Percentage points for one more of something, with the sign and two decimals."""
    P_VALUE = "p-value"
    """With as many digits as mean something."""
    NUMBER = "number"
    """With one decimal, such as minutes."""
    RATE = "rate"
    """Rounded to a whole number, such as images per second."""


class Tone(Enum):
    """What a cell says about the detector, in color where a renderer has colors."""

    GOOD = "good"
    BAD = "bad"
    DOUBTFUL = "doubtful"
    OPEN = "open"
    """Nothing was or could be decided."""
    FAINT = "faint"


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        heading: Plain text with its unit, such as `accuracy %`.
        form: How its values are written.
        short: A heading for narrow tables in a terminal, over several lines where it has line breaks; empty: as above.
        name: Under which files and W&B know it; empty: the heading.
        marked: What a mark in this column means, in a word: files and W&B get a column of that name behind it, which
            says which of its cells are marked; empty: none.
    """

    heading: str
    form: Form = Form.TEXT
    short: str = ""
    name: str = ""
    marked: str = ""


@dataclass(frozen=True)
class Cell:
    """A value with what is shown beside it.

    Attributes:
        value: What files and W&B get.
        lack: Written where the value is undefined, such as `needs 500 reals, has 50`.
        mark: Behind the value, such as a dagger for what was trained on.
        link: Where the cell leads, relative to the page.
        tone: Its color.
        note: Said of a name, such as `held out`: below it in a terminal, elsewhere in parentheses behind it.
    """

    value: Value = None
    lack: str = ""
    mark: str = ""
    link: str = ""
    tone: Tone | None = None
    note: str = ""


Line: TypeAlias = Sequence[Cell | Value]
"""One bare value or cell a column."""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        cells: One a column.
        strong: Whether it stands out, such as a total.
        ends_section: Whether a rule is drawn below it.
    """

    cells: tuple[Cell, ...]
    strong: bool = False
    ends_section: bool = False


@dataclass(frozen=True)
class Table:
    """What all renderers take: `fakeid.reporting.renderers` and the pages.

    Attributes:
        title: Of the table; empty where its surroundings say it.
        columns: From left to right.
        rows: From top to bottom, each with one cell a column.
        notes: Sentences below it.
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
            title: See above.
            columns: See above.
            rows: Each a `Row`, or one value or cell a column.
            notes: See above.
        """
        return cls(title, tuple(columns), tuple(_build_row(row) for row in rows), tuple(notes))

    def select(self, columns: Sequence[Column]) -> "Table":
        """Take some of the columns, without the title."""
        places = [self.columns.index(column) for column in columns]
        rows = (replace(row, cells=tuple(row.cells[place] for place in places)) for row in self.rows)
        return Table("", tuple(columns), tuple(rows), self.notes)

    def without(self, *columns: Column) -> "Table":
        """Leave columns out, such as those that a paper does not have."""
        kept = [place for place, column in enumerate(self.columns) if column not in columns]
        rows = (replace(row, cells=tuple(row.cells[place] for place in kept)) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in kept), rows=tuple(rows))


def _build_row(row: Row | Line) -> Row:
    if isinstance(row, Row):
        return row
    return Row(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row))
