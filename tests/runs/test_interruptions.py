"""What a kill, a full disk or a damaged file leaves: a sentence, and everything that was there before."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tiny_runs import read_weights, train
from torch.utils.data import get_worker_info

from fakeid.config.parse import Config
from fakeid.data.datamodule import PackedDataset
from fakeid.errors import WorkerError
from fakeid.runs.layout import RunFolder

BuildConfig = Callable[..., Config]

_SAVE = torch.save


class Killed(BaseException):
    """Stands for the end of the process."""


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


def test_a_training_goes_on_from_the_checkpoint_before_a_damaged_one(
    tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config()
    run = RunFolder.locate(config)

    def die_in_second_epoch(checkpoint: Any, file: Any) -> None:
        if checkpoint.get("epoch") == 1:
            file.write(b"half of it")
            raise Killed
        _SAVE(checkpoint, file)

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", die_in_second_epoch)
        with pytest.raises(Killed):
            train(config)
    assert torch.load(run.last, weights_only=True)["epoch"] == 0
    left = run.checkpoints / ".last.ckpt.1.part"  # a kill leaves that too
    left.write_bytes(b"half of it")
    _, said = train(config)
    assert "continuing after epoch 1 of 2" in said
    assert read_weights(run.tested)
    assert not left.exists()
