"""What the end of a process that loads batches leaves: a sentence, and everything that was there before."""

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
