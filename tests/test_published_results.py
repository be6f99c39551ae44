"""The tables on the results page match the CSV files beside it."""

import csv
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
TABLES = re.findall(r"(?:^\|.*\n)+", (DOCS / "results.md").read_text(), re.MULTILINE)
FILES = re.findall(r"\]\((results/\w+\.csv)\)", (DOCS / "results.md").read_text())
NUMBER = re.compile(r"(?<![\w.-])[+-]?\d+(?:\.\d+)?")


def test_every_table_has_a_file() -> None:
    assert len(FILES) == len(TABLES) == len(list((DOCS / "results").iterdir()))


@pytest.mark.parametrize(("file", "table"), list(zip(FILES, TABLES, strict=True)))
def test_a_file_has_the_numbers_of_its_table(file: str, table: str) -> None:
    _, _, *rows = table.splitlines()
    with (DOCS / file).open(newline="") as stream:
        header, *written = list(csv.reader(stream))
    assert len(written) == len(rows)
    for shown, cells in zip(rows, written, strict=True):
        assert len(cells) == len(header)
        assert NUMBER.findall(shown) == [number for cell in cells for number in NUMBER.findall(cell)]
