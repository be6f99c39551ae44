"""`python -m fakeid benchmark`: its loops on tiny images, here in one process, and what it says of them."""

import io
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
import torch
from rich.console import Console

from fakeid.benchmarks import training
from fakeid.benchmarks.training import Loop, count_flops, render_rates, run_benchmark
from fakeid.cli import main
from fakeid.config.choices import Precision
from fakeid.training import trainer
from fakeid.training.module import DetectorModule

TINY: Any = {"image_px": 40, "batch_size": 4, "steps": 1, "device": "cpu", "threads": 1}


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """In this process; what was done, in this order: memory kept, a loop measured, matrices multiplied."""
    calls: list[str] = []

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        calls.append(arguments[0].name if isinstance(arguments[0], Loop) else "product")
        return function(*arguments)

    monkeypatch.setattr(training, "in_fresh_process", call)
    monkeypatch.setattr(training, "can_keep_memory", lambda: True)
    monkeypatch.setattr(training, "choose_precision", lambda *_: "bf16")
    monkeypatch.setattr(training, "_MATRIX_SIDE", 64)
    monkeypatch.setattr(training, "_PRODUCT_SECONDS", 0.01)
    monkeypatch.setattr(trainer, "keep_memory", lambda: calls.append("kept"))
    return calls


def test_each_loop_has_its_turn_in_each_round(done: list[str]) -> None:
    console = Console(file=io.StringIO(), width=80)
    rates = run_benchmark(**TINY, rounds=2, compiled=False, console=console)
    loops = ["authors' loop", "authors' loop, memory kept", "fakeid, float32", "fakeid, bf16"]
    assert list(rates) == loops
    assert all(rate > 0 for rate in rates.values())
    a_round = [loops[0], *(each for name in [*loops[1:], "product", "product"] for each in (name, "kept"))]
    assert [name for name, _ in groupby(done)] == 2 * a_round  # ours asks twice
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("round 1 of 2: authors' loop: ")
    assert sum(line.startswith("fakeid, bf16 ") for line in lines) == 1
    assert " GFLOP/s in float32 and " in "".join(lines)


@pytest.mark.usefixtures("done")
def test_what_cannot_be_had_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "can_keep_memory", lambda: False)
    monkeypatch.setattr(training, "choose_precision", lambda *_: "float32")
    console = Console(file=io.StringIO(), width=80)
    rates = run_benchmark(**TINY, rounds=1, compiled=False, console=console)
    assert set(rates) == {"authors' loop", "fakeid, float32"}
    assert isinstance(console.file, io.StringIO)
    assert "the allocator is not glibc's" in console.file.getvalue()
    assert "bf16 is not in hardware here" in console.file.getvalue()


def test_compiled_is_measured_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "can_keep_memory", lambda: True)
    loops = list(training._list_loops(list(Precision)[1:], True))
    assert [loop.name for loop in loops[-2:]] == ["fakeid, float32, compiled", "fakeid, bf16, compiled"]
    assert [loop.compiled for loop in loops] == [False] * 4 + [True] * 2
    assert {loop.precision for loop in loops if not loop.is_ours} == {Precision.float32}


def test_the_table_has_ratios_to_both_baselines_and_shares_of_the_chip() -> None:
    ours = Loop("fakeid, bf16, compiled", is_ours=True, precision=Precision.bf16, compiled=True)
    loops = [training._AUTHORS, training._AUTHORS_KEEPING, ours]
    rates = {loop.name: rate for loop, rate in zip(loops, (10.0, 20.0, 30.0), strict=True)}
    console = Console(file=io.StringIO(), width=80)
    console.print(render_rates(loops, rates, {Precision.float32: 100.0, Precision.bf16: 300.0}))
    assert isinstance(console.file, io.StringIO)
    assert [line.split()[-6:] for line in console.file.getvalue().splitlines()[-3:]] == [
        ["10.0", "1.00", "x", "0.50", "x", "10%"],
        ["20.0", "2.00", "x", "1.00", "x", "20%"],
        ["30.0", "3.00", "x", "1.50", "x", "10%"],
    ]


def test_backward_takes_twice_what_forward_does() -> None:
    """Each convolution but the first asks for two gradients, and each of them costs as much as the convolution."""
    flops = count_flops(64)
    layers: list[int] = []

    def count(layer: torch.nn.Module, _: Any, out: torch.Tensor) -> None:
        assert isinstance(layer, torch.nn.Conv2d)
        layers.append(2 * out[0].numel() * layer.weight[0].numel())

    module = DetectorModule({})
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(count)
    module(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    assert flops == pytest.approx(3 * sum(layers), rel=0.05)


@pytest.mark.slow
def test_the_command_measures_in_processes_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["--image-px", "40", "--batch-size", "4", "--steps", "1", "--rounds", "1", "--threads", "1"]
    main(["benchmark", *tiny, "--device", "cpu"])
    assert "of the chip: of " in capsys.readouterr().out
