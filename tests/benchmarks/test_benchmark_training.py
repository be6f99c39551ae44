"""`python -m fakeid benchmark`: its loops, on tiny images in this process, and its messages."""

import io
from typing import Any

import pytest
from rich.console import Console

from fakeid.benchmarks import training
from fakeid.benchmarks.training import list_loops, render_rates, run_benchmark
from fakeid.cli import main
from fakeid.config.choices import Accelerator, Precision
from fakeid.config.parse import Config
from fakeid.config.schema import TrainerConfig
from fakeid.training import trainer

TINY: Any = {"image_px": 40, "batch_size": 4, "steps": 1, "rounds": 1, "device": "cpu", "threads": 1, "compiled": False}
ON_CPU = Config(trainer=TrainerConfig(accelerator=Accelerator.cpu, threads=1))


@pytest.fixture(autouse=True)
def all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "can_keep_memory", lambda: True)
    monkeypatch.setattr(training, "choose_precision", lambda *_: "bf16")


def test_each_loop_is_measured_and_keeps_memory_as_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[str] = []

    def call(measure: Any, *arguments: Any) -> float:
        done.append(measure.__name__)
        rate: float = measure(*arguments)
        return rate

    monkeypatch.setattr(training, "in_fresh_process", call)
    monkeypatch.setattr(training, "choose_precision", lambda *_: "float32")
    monkeypatch.setattr(trainer, "keep_memory", lambda: done.append("kept"))
    rates = run_benchmark(**TINY)
    lines = capsys.readouterr().out.splitlines()
    assert list(rates) == ["authors' loop", "authors' loop, memory kept", "fakeid, float32"]
    assert all(rate > 0 for rate in rates.values())
    assert done == ["measure_authors", "measure_authors", "kept", "measure_ours", "kept"]
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("round 1 of 1: authors' loop: ") for line in lines) == 1
    assert sum(line.startswith("fakeid, float32 ") for line in lines) == 1


def test_what_cannot_be_had_is_left_out_and_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training, "in_fresh_process", lambda *_: 10.0)
    monkeypatch.setattr(training, "can_keep_memory", lambda: False)
    monkeypatch.setattr(training, "choose_precision", lambda *_: "float32")
    assert set(run_benchmark(**TINY)) == {"authors' loop", "fakeid, float32"}
    said = capsys.readouterr().out
    assert "the allocator is not glibc's" in said
    assert "bf16 is left out, because the hardware does not support it" in said


def test_compiled_is_measured_beside() -> None:
    loops = list_loops(ON_CPU, compiled=True)
    assert list(loops)[-2:] == ["fakeid, float32, compiled", "fakeid, bf16, compiled"]
    assert [loop.config.trainer.compile for loop in loops.values()] == [False] * 4 + [True] * 2
    precisions = [loop.config.trainer.precision for loop in loops.values()][2:]
    assert precisions == 2 * [Precision.float32, Precision.bf16]


def test_the_table_has_ratios_to_both_baselines() -> None:
    console = Console(file=io.StringIO(), width=80)
    names = ("authors' loop", "authors' loop, memory kept", "fakeid, bf16, compiled")
    console.print(render_rates(dict(zip(names, (10.0, 20.0, 30.0), strict=True))))
    assert isinstance(console.file, io.StringIO)
    assert [line.split()[-5:] for line in console.file.getvalue().splitlines()[-3:]] == [
        ["10.0", "1.00", "x", "0.50", "x"],
        ["20.0", "2.00", "x", "1.00", "x"],
        ["30.0", "3.00", "x", "1.50", "x"],
    ]


@pytest.mark.slow
def test_the_command_measures_in_processes_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--image-px", "40", "--batch-size", "4", "--steps", "1", "--rounds", "1", "--threads", "1"]
    main(["benchmark", *tiny, "--device", "cpu"])
    assert "\nfakeid, float32 " in capsys.readouterr().out
