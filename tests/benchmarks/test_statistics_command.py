"""`python -m fakeid benchmark statistics`: what it writes and what it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakeid.benchmarks.statistics import coverage, document
from fakeid.benchmarks.statistics.draws import Outcome, Plan, Point
from fakeid.cli import main
from fakeid.reporting.table import Table

CHAPTERS = ["False claims", "Options whose effect differs between settings", "Intervals", "How many seeds to take"]


@cache
def _draw(point: Any) -> Mapping[str, float]:
    found: Mapping[str, float] = point.simulate(np.random.default_rng(0))
    return found


def _simplify(point: Any) -> Any:
    """Return the point with fixed values in place of its numbers."""
    simple = {"auroc": 0.9, "deviation": 0.065, "difference": 0.1, "unlike": 1.0, "pairs": 4}
    changed = {field.name: simple[field.name] for field in fields(point) if field.name in simple}
    if hasattr(point, "seeds"):
        changed["seeds"] = min(point.seeds, 2)
    return replace(point, **changed)


def simulate_few(plans: Sequence[Plan], *_: object) -> dict[Point, Outcome]:
    """Return the requested number of outcomes, all from one draw per kind of point."""
    return {
        point: {name: np.full(repeats, value) for name, value in _draw(_simplify(point)).items()}
        for point, repeats in plans
    }


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_FIGURES", 1)
    monkeypatch.setattr(document, "simulate_points", simulate_few)


@pytest.fixture
def no_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a mistake is told before anything is drawn")

    monkeypatch.setattr(document, "simulate_points", fail)


def list_empty_columns(table: Table) -> list[str]:
    columns = zip(table.columns, zip(*(row.cells for row in table.rows), strict=True), strict=True)
    return [column.heading for column, cells in columns if not any(cell.value is not None for cell in cells)]


@pytest.mark.usefixtures("few_draws")
def test_the_document_has_all_chapters_and_no_empty_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "statistics.md"
    main(["benchmark", "statistics", "--pages", "2", "--seed", "5", "--processes", "1", "--out", str(out)])
    text = out.read_text()
    assert [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")][1:] == CHAPTERS
    assert "--pages 2 --seed 5 --out docs/statistics.md" in text
    assert f"written to {out}" in capsys.readouterr().out
    assert sorted(path.name for path in out.parent.iterdir()) == ["statistics.md"]
    chapters = document.run_statistics_benchmark(pages=2, seed=5, processes=1, out=out)
    assert [chapter.title for chapter in chapters] == CHAPTERS
    for table in (table for chapter in chapters for table in chapter.tables):
        # This rate needs 500 reals.
        assert set(list_empty_columns(table)) <= ({"TPR at 1 % FPR"} if "clusters" in table.title else set())
        assert f"**{table.title}**" in text


@pytest.mark.usefixtures("few_draws")
def test_without_a_file_the_tables_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["benchmark", "statistics", "--pages", "20"])
    printed = capsys.readouterr().out
    assert all(title in printed for title in CHAPTERS)
    assert "compare, two configurations: any group" in " ".join(printed.split())  # long titles wrap
    broken = int(printed.rsplit("rates that clearly break their promise of 5 % or 95 %: ", 1)[1])
    out = tmp_path / "statistics.md"
    main(["benchmark", "statistics", "--pages", "20", "--out", str(out)])
    rows = [line for line in out.read_text().splitlines() if line.startswith("|")]
    assert broken == sum(cell.strip().startswith("**") for row in rows for cell in row.split("|")) > 0


@pytest.mark.usefixtures("no_draws")
@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--out", "{folder}", "is a folder; name a file in it"),
        ("--out", "{folder}/file/page.md", "a file of that name already exists; choose another with --out="),
        ("--pages", "0", "must be at least 1, got 0"),
        ("--processes", "0", "must be at least 1, got 0"),
    ],
)
def test_mistakes_are_told_first_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, sentence: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as error:
        main(["benchmark", "statistics", option, value.format(folder=tmp_path)])
    assert error.value.code != 0
    assert sentence in capsys.readouterr().err.splitlines()[-1]
