import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from fakeid.cli import main
from fakeid.config import Config
from fakeid.errors import DataError
from fakeid.runs.report import write_report
from fakeid.runs.train import run_training

BuildConfig = Callable[..., Config]


def quiet() -> Console:
    return Console(file=io.StringIO(), width=160)


@pytest.mark.slow
def test_report_averages_the_finished_runs(tiny_config: BuildConfig) -> None:
    configs = [tiny_config(f"categories={k}", f"seed={seed}", "optim.epochs=1") for k in (1, 2) for seed in (0, 1)]
    for config in configs:
        run_training(config, quiet())
    runs = Path(configs[0].paths.runs)
    report = write_report(runs, quiet())
    assert [(cell.categories, cell.seeds) for cell in report.cells] == [(1, [0, 1]), (2, [0, 1])]
    assert all(cell.measure("coral", "accuracy")["value"] is not None for cell in report.cells)
    assert {"index.html", "report.md", "tables", "figures"} <= {path.name for path in (runs / "report").iterdir()}


def test_report_without_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="there is no run in .*; train one with paths.runs="):
        write_report(tmp_path, quiet())
    with pytest.raises(SystemExit) as exit_info:
        main(["report", str(tmp_path / "nowhere")])
    assert exit_info.value.code == 1
    assert "there is no folder" in capsys.readouterr().err


def test_unknown_command_lists_the_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["benchmrak"])
    assert exit_info.value.code == 2
    assert "benchmark" in capsys.readouterr().err
