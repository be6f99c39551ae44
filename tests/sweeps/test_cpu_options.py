"""`trainer.threads` and `trainer.keep_memory` apply wherever torch starts to work on the CPU."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from joblib import Parallel, delayed
from rich.console import Console

from fakeid.benchmarks import step_rates
from fakeid.commands.doctor import describe_surroundings
from fakeid.config.parse import Config
from fakeid.config.schema import TrainerConfig
from fakeid.data import datamodule
from fakeid.runs import train as train_module
from fakeid.runs.evaluate import evaluation as evaluate
from fakeid.training import trainer
from fakeid.training.trainer import cpu_as_asked

BuildConfig = Callable[..., Config]


class ReachedError(Exception):
    """Raised when the code has reached the point under test."""


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Record each request to keep memory, without doing it."""
    calls: list[bool] = []
    monkeypatch.setattr(trainer, "keep_memory", lambda: calls.append(True))
    return calls


@pytest.fixture(autouse=True)
def same_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_threads_are_as_asked_and_then_as_before(kept: list[bool]) -> None:
    cv2.setNumThreads(1)
    for wanted, found in ((None, 1), (3, 3), (None, 1)):
        with cpu_as_asked(TrainerConfig(threads=wanted)):
            assert (torch.get_num_threads(), cv2.getNumThreads()) == (found, found)
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
    assert len(kept) == 3
    with cpu_as_asked(TrainerConfig(keep_memory=False)):
        assert len(kept) == 3


def train(config: Config) -> object:
    return train_module.run_training(config, Console(file=io.StringIO()))


def run_evaluation(config: Config) -> object:
    return evaluate.run_evaluation(Path("tested.ckpt"), config, Console(file=io.StringIO()), output=Path("out"))


def measure(config: Config) -> object:
    return step_rates.measure_rates(config, steps=1)


@pytest.mark.parametrize(
    ("work", "place"),
    [
        (train, (train_module, "find_processes")),
        (run_evaluation, (evaluate, "clear_output_errors")),
        (measure, (step_rates, "build_trainer")),
    ],
)
def test_all_that_computes_asks_first(
    work: Callable[[Config], object], place: tuple[Any, str], kept: list[bool], tiny_config: BuildConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    threads = []

    def stop(*_: Any, **__: Any) -> None:
        threads.append(torch.get_num_threads())
        raise ReachedError

    config = tiny_config("trainer.threads=2", "optim.batch_size=2")
    monkeypatch.setattr(evaluate, "find_checkpoint", lambda path: (path, None))
    monkeypatch.setattr(evaluate, "read_card", lambda _: None)
    monkeypatch.setattr(evaluate, "adopt", lambda _, options: options)
    monkeypatch.setattr(*place, stop)
    with pytest.raises(ReachedError):
        work(config)
    assert threads == [2]
    assert kept


def test_workers_that_load_batches_keep_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset: Any = type("Images", (), {"device": None})()
    for is_kept in (True, False):
        monkeypatch.setattr(datamodule, "is_memory_kept", lambda is_kept=is_kept: is_kept)
        data = datamodule.PackedDataModule.__new__(datamodule.PackedDataModule)
        data._num_workers = 0
        assert (data._loader(dataset, [[0]]).worker_init_fn is not None) is is_kept  # type: ignore[arg-type]


def test_doctor_says_what_a_training_would_do(tiny_config: BuildConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakeid.commands.doctor.can_keep_memory", lambda: True)
    told = dict(describe_surroundings(tiny_config("trainer.threads=7")))
    assert told["threads"].startswith("7 of ")
    assert told["freed memory"].startswith("kept")
    told = dict(describe_surroundings(tiny_config("trainer.keep_memory=false")))
    assert told["freed memory"].endswith("trainer.keep_memory=false")


@pytest.mark.slow
def test_joblib_shares_the_cores_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """joblib does this by itself, which `hydra/launcher=joblib` relies on."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("joblib._parallel_backends.cpu_count", lambda: 6)
    found = Parallel(n_jobs=2, backend="loky")(delayed(os.getenv)("OMP_NUM_THREADS") for _ in range(2))
    assert found == ["3", "3"]
