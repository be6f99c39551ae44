"""`sweep.py` runs every cell once despite killed processes, and a failure stays within its cell."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from genuine_trees import write_progan_train
from hydra.errors import MissingConfigException
from tiny_runs import hear_ctrl_c

from fakeid.config.parse import Config
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import read_state
from fakeid.sweeps.grid import PlannedRun
from fakeid.sweeps.sweep import _start_over
from fakeid.terminal import command_line_errors

ROOT = Path(__file__).resolve().parents[2]
TINY = (
    "model.name=test_resnet", "logger=csv", "trainer=cpu", "trainer.precision=float32", "optim.epochs=2",
    "optim.batch_size=16", "data.image_px=48", "data.train_per_class=24", "data.val_per_class=4",
    "data.test_per_class=2", "data.audit_per_class=0", "paths.runs=runs", "grid=full", "seed=0", "categories=1,2",
    "color=rgb,hsv", "dropout=0",
)  # fmt: skip


Typed = Callable[..., tuple[int, str, str]]


def start(folder: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("HYDRA_FULL_ERROR", None)
    command = [sys.executable, str(ROOT / "sweep.py"), "-m", *TINY, f"paths.cache={folder.parent / 'cache'}", *more]
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - no other thread of this process holds a lock
    )  # fmt: skip


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    output, _ = process.communicate(timeout=500)
    assert process.returncode == code, output
    return output


def read_scores(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in folder.glob("runs/*/scores.csv")}


def test_a_plan_starts_nothing(tmp_path: Path, typed: Typed) -> None:
    code, output, _ = typed("sweep", "-m", *TINY, "sweep.plan_only=true")
    assert code == 0
    assert "4 cells: 4 new" in output
    assert not (tmp_path / "runs").exists()


def test_a_sweep_of_nothing_named_is_refused(tmp_path: Path, typed: Typed) -> None:
    code, _, said = typed("sweep", "-m", "logger=csv")
    assert code == 2
    assert said.startswith("fakeid: which grid? python sweep.py -m grid=smoke takes a few minutes; others are grid=")
    assert not any(tmp_path.iterdir())


def test_a_mistake_in_one_cell_is_found_before_the_first(tmp_path: Path, typed: Typed) -> None:
    code, _, said = typed("sweep", "-m", *TINY, "dropout=0,7")
    assert code == 2
    assert said.startswith("fakeid: dropout must be in [0, 1), got 7.0")
    assert "(4 of 8 cells)" in said
    assert not (tmp_path / "runs").exists()


def test_a_network_too_small_for_its_images_is_found_before_the_first(tmp_path: Path, typed: Typed) -> None:
    words = [*TINY, "model.name=pelee", "data.image_px=64", "residual=none,dwt_hh", "augment=none,crop"]
    code, _, said = typed("sweep", "-m", *words)
    assert code == 2
    assert said.startswith(
        "fakeid: model.name=pelee cannot take images of 56 px, to which augment=crop cuts data.image_px=64"
    )
    assert said.endswith("(4 of 16 cells)\n")  # dwt_hh halves the windows of crop; either one alone works
    assert not (tmp_path / "runs").exists()


def test_a_launcher_that_is_missing_names_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info, command_line_errors():
        raise MissingConfigException("could not find it", "hydra/launcher/ray", ["basic"])
    assert exit_info.value.code == 2
    said = capsys.readouterr().err
    assert said == 'fakeid: hydra/launcher has no choice ray yet (pip install -e ".[ray]" adds it); it has basic\n'


def test_no_cell_at_once_is_refused_at_once(typed: Typed) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    code, _, said = typed("sweep", "-m", *TINY, "hydra/launcher=joblib", "hydra.launcher.n_jobs=0")
    assert code == 2
    assert said == "fakeid: hydra.launcher.n_jobs must be the number of cells at once, or -1 for all cores; got 0\n"


@pytest.mark.slow
def test_an_unwritable_folder_is_told_once(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    (tmp_path / "taken").write_text("")
    output = finish(start(tmp_path, "paths.runs=taken", "hydra/launcher=joblib"), code=1)
    assert output.splitlines()[-1].startswith("fakeid: cannot write to taken: ")
    assert output.count("cannot write") == 1
    assert "cut off" not in output


@pytest.mark.slow
@pytest.mark.usefixtures("without_drawings")
def test_a_sweep_ends_skips_grows_and_reports(tmp_path: Path, typed: Typed) -> None:
    def sweep(*more: str) -> str:
        code, output, said = typed("sweep", "-m", *TINY, *more)
        assert code == 0, said
        return output

    assert "2 to train" in sweep("categories=1")
    assert len(read_scores(tmp_path)) == 2
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/scores.csv")}
    assert "4 cells: 2 done, 2 new" in sweep()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(read_scores(tmp_path)) == 4
    report = {path.name for path in (tmp_path / "runs" / "report").iterdir()}
    assert {"index.html", "report.md", "tables", "figures"} <= report
    output = sweep()
    assert "4 cells: 4 done" in output
    assert "to train" not in output
    # If an evaluation is requested later, only the evaluation is run.
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/scores.csv")}
    asked = ("evaluation.degradations=[blur-1]", "evaluation.per_class=1")
    output = sweep(*asked)
    assert "4 cells: 4 tested" in output
    assert "4 to evaluate only" in output
    assert len(list(tmp_path.glob("runs/*/evaluation/evaluation.json"))) == 4
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert "4 cells: 4 done" in sweep(*asked)
    output = sweep("categories=1", "force=true")
    assert "2 to train" in output
    assert output.count("epoch 1/2") == 2
    assert "-" not in "".join(line.partition("about ")[2] for line in output.splitlines() if "to go" in line)
    assert "4 cells: 4 done" in sweep()


def test_a_forced_cell_starts_over_once_however_often_it_is_launched(tmp_path: Path) -> None:
    planned = PlannedRun(("seed=0", "force=true"), Config(force=True), RunFolder(tmp_path / "run"))
    planned.run.path.mkdir()
    planned.run.write_status("done", epochs_done=2, epochs=2)
    again = _start_over(planned)
    assert read_state(planned.run).name == "new"
    assert (again.overrides, again.config.force, again.run) == (("seed=0",), False, planned.run)


@pytest.mark.slow
@pytest.mark.usefixtures("without_drawings")
def test_a_failing_cell_fails_alone_and_is_tried_again(tmp_path: Path, typed: Typed) -> None:
    data = tmp_path / "data"
    write_progan_train(data, ("cat", "cow", "sheep"), 24)
    write_progan_train(data, ("bus",), 3)
    options = ("data=folders", f"paths.data={data}", "data.categories=[cat,cow,bus]", "data.held_out=sheep",
               "color=rgb", "categories=1,2,3", "data.train_per_class=12")  # fmt: skip
    code, output, said = typed("sweep", "-m", *TINY, *options)
    assert code == 1
    assert "2 done, 0 running, 1 failed" in output or "1 of 3 cells are not done" in output + said
    failed = RunFolder(next((tmp_path / "runs").glob("*-k3-*")))
    assert "bus has" in str(read_state(failed).reason)
    code, output, _ = typed("status", "runs")
    assert code == 1
    assert "3 runs: 2 done, 1 failed" in output
    assert "bus has" in output
    write_progan_train(data, ("bus",), 24)
    code, output, said = typed("sweep", "-m", *TINY, *options)
    assert code == 0, said
    assert "3 cells: 2 done, 1 failed" in output
    assert read_state(failed).name == "done"


@pytest.mark.slow
def test_ctrl_c_ends_the_sweep_at_once(tmp_path: Path) -> None:
    process = start(tmp_path / "stopped", "optim.epochs=300")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 2/"):
            break
    process.send_signal(signal.SIGINT)
    output = finish(process, code=130)
    assert "stopped; the same command continues" in output
    assert len(list(tmp_path.glob("stopped/runs/*/status.json"))) == 1
    (status,) = tmp_path.glob("stopped/runs/*/status.json")
    assert json.loads(status.read_text())["state"] == "interrupted"


@pytest.mark.slow
def test_a_terminated_sweep_leaves_nobody_training(tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    process = start(tmp_path / "stopped", "optim.epochs=300", "hydra/launcher=joblib")
    logs: list[Path] = []
    while not any("epoch 2/" in path.read_text() for path in logs):
        assert process.poll() is None
        time.sleep(0.2)
        logs = list(tmp_path.glob("stopped/runs/logs/*.txt"))
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    assert "stopped; the same command continues" in finish(process, code=130)
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert {read_state(RunFolder(path.parent)).name for path in tmp_path.glob("stopped/runs/*/status.json")} == {
        "interrupted"
    }
