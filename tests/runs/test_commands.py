import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from fakeid.cli import main
from fakeid.config.parse import Config
from fakeid.errors import DataError
from fakeid.runs.train import run_training
from fakeid.sweeps.report import write_report

ROOT = Path(__file__).resolve().parents[2]

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
    assert all(cell.measure("coral", "accuracy").value is not None for cell in report.cells)
    assert {"index.html", "report.md", "tables", "figures"} <= {path.name for path in (runs / "report").iterdir()}


def test_report_without_runs_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="there is no run in .*; train one with paths.runs="):
        write_report(tmp_path, quiet())
    with pytest.raises(SystemExit) as exit_info:
        main(["report", str(tmp_path / "nowhere")])
    assert exit_info.value.code == 1
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["benchmrak"], "there is no command fakeid benchmrak; did you mean benchmark?"),
        (["xyz"], "there is no command fakeid xyz; there are train, sweep, doctor, "),
        (["plan", "--ouput", "x"], "there is no option --ouput; did you mean --output?"),
        (["plan", "--xyz"], "there is no option --xyz; see fakeid plan --help"),
        (["plan", "optim.epocs=3"], "there is no option optim.epocs; did you mean optim.epochs"),
        (["audit", "--per-class", "0"], "--per-class: must be at least 1, got 0"),
        (["audit", "--per-class", "few"], "--per-class: 'few' is not a valid integer"),
        (["report"], "missing argument 'DIR'; see fakeid report --help"),
        (["train", "color=hvs"], "color has no choice hvs; it has hsv, rgb, ycbcr"),
        (["sweep", "-m", "grid=smok"], "grid has no choice smok; it has "),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    typed: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", sys.argv)  # programs put theirs there
    with pytest.raises(SystemExit) as exit_info:
        main(typed)
    assert exit_info.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fakeid: {message}")


def test_options_may_stand_before_and_after_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ["data.train_per_class=10", "data.val_per_class=10", "data.test_per_class=1", "data.codec=none"]
    main(["plan", "seed=3", "--output", "plan.csv", *few])
    assert "listed in plan.csv" in capsys.readouterr().out
    assert (tmp_path / "plan.csv").exists()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["fakeid", "prep"], ["prepare"]),
        (["fakeid", "train", "color", "=", "h"], ["hsv"]),
        (["fakeid", "train", "color=h"], ["color=hsv"]),
        (["fakeid", "sweep", "-m", "gri"], ["grid="]),
        (["fakeid", "plan", "gri"], []),
        (["fakeid", "evaluate", "RUN", "protocol.loss=b"], ["protocol.loss=bce"]),
        (["fakeid", "prepare", "--re"], ["--rebuild"]),
    ],
)
def test_the_tab_key_completes_commands_and_options(words: list[str], offered: list[str]) -> None:
    asked = {"_FAKEID_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    said = subprocess.run(
        [sys.executable, "-m", "fakeid"], capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, **asked},
    ).stdout  # fmt: skip
    assert [word.removeprefix("plain,") for word in said.split()] == offered
