"""`python -m fakeid status`: every run of a folder in one table."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from invented_sweep import write_failed_run, write_run
from rich.console import Console

from fakeid.cli import main
from fakeid.commands.status import print_status
from fakeid.errors import DataError
from fakeid.reporting.verdict import judge_run
from fakeid.runs.layout import RunFolder
from fakeid.sweeps.report import read_report


def say(root: Path, width: int = 100) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    print_status(root, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_all_runs_are_listed_the_best_first(tmp_path: Path) -> None:
    names = {
        skill: write_run(tmp_path, f"seed={seed}", skill=skill).path.name for seed, skill in enumerate((0.2, 1.5, 0.8))
    }
    failed = write_failed_run(tmp_path, "seed=7").path.name
    (tmp_path / "comparisons" / "one").mkdir(parents=True)
    lines = say(tmp_path, 160)
    assert lines[0] == "4 runs: 3 done, 1 failed"
    listed = [line for line in lines if line.rstrip().endswith((*names.values(), failed)) and "/" in line + "/"]
    assert [line.split()[-1] for line in listed[:4]] == [names[1.5], names[0.8], names[0.2], failed]
    assert "[" in listed[0]
    verdicts = [judge_run(RunFolder(tmp_path / names[skill]).read_summary()).verdict.value for skill in (1.5, 0.8, 0.2)]
    assert all(f" {verdict} " in line for verdict, line in zip(verdicts, listed[:3], strict=True))
    assert "failed 1/5" in listed[3]
    assert lines[-1].startswith("  failed by ")
    assert lines[-1].endswith(": DataError: the image x.png is cut short")


def test_a_damaged_run_fails_the_command(tmp_path: Path) -> None:
    write_run(tmp_path).summary.write_text("{}")
    with pytest.raises(SystemExit) as exit_info:
        main(["status", str(tmp_path)])
    assert exit_info.value.code == 1


@pytest.mark.parametrize("read", [print_status, read_report])
def test_a_folder_of_sweeps_names_those_that_hold_runs(tmp_path: Path, read: Callable[[Path], object]) -> None:
    for name in ("smoke", "paper"):
        write_run(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError) as refused:
        read(tmp_path)
    assert str(refused.value).endswith(f"give one of {tmp_path / 'paper'}, {tmp_path / 'smoke'}")
    with pytest.raises(DataError, match="there is no run in .*empty; train one with paths.runs="):
        read(tmp_path / "empty")
    run = next((tmp_path / "smoke").iterdir())
    with pytest.raises(DataError, match=f"{run} is itself a run: give the folder of its runs, {run.parent}$"):
        read(run)


def test_it_fits_a_narrow_terminal(tmp_path: Path) -> None:
    name = write_run(tmp_path, "seed=3").path.name
    lines = say(tmp_path, 80)
    assert max(map(len, lines)) <= 80
    assert any(line.endswith(name[:30]) or name[:30] in line for line in lines)
