"""Ctrl-C during a test, or the end of a data-loading process, leaves everything from before intact."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from tiny_runs import train
from torch.utils.data import get_worker_info

from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.errors import WorkerError
from fakeid.runs import train as runs_train
from fakeid.training.module import DetectorModule

BuildConfig = Callable[..., Config]


def test_a_worker_that_the_system_ends_is_told_and_the_run_continues(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("augment=crop", "optim.epochs=1")
    gather = PackedDataset.__getitems__

    def die_in_worker(dataset: PackedDataset, indices: list[int]) -> Any:
        if get_worker_info() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return gather(dataset, indices)

    monkeypatch.setattr(PackedDataset, "__getitems__", die_in_worker)
    with pytest.raises(WorkerError, match="memory ran out: lower trainer.num_workers .* or optim.batch_size; the same"):
        train(tiny_config(*options, "trainer.num_workers=1"))
    _, said = train(tiny_config(*options))
    assert "epoch 1/1" in said


def test_ctrl_c_in_the_test_is_no_exit_of_lightnings(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    options, compute_scores = ("optim.epochs=1",), runs_train.compute_scores

    def stop(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:

        def stop_while_testing(*given: Any) -> Any:
            patch.setattr(DetectorModule, "score", stop)
            return compute_scores(*given)

        patch.setattr(runs_train, "compute_scores", stop_while_testing)
        with pytest.raises(KeyboardInterrupt):
            train(tiny_config(*options))
    _, said = train(tiny_config(*options))
    assert "epoch 1/1" not in said
