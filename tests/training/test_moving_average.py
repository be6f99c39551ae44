import copy
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from fakeid.training.callbacks import MovingAverage
from fakeid.training.trainer import build_trainer, expected_warnings_ignored

STEPS = 5  # per epoch
State = dict[str, Tensor]


class Tiny(pl.LightningModule):
    """Batch normalization and one layer; records its weights after each step and at each validation."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1))
        self.register_buffer("kernel", torch.tensor([0.1, 0.7]))
        self.register_buffer("table", torch.tensor([0, 3, 1_000_003], dtype=torch.int32))
        self.learned: list[State] = []
        self.validated: list[State] = []

    def training_step(self, batch: Tensor, _: int) -> Tensor:
        loss: Tensor = (self.network(batch).squeeze(1) - batch.sum(1)).square().mean()
        return loss

    def validation_step(self, batch: Tensor, _: int) -> None:
        self.validated.append(copy.deepcopy(self.state_dict()))
        self.log("val/auroc", 1.0 - 0.1 * self.current_epoch)  # so that the first epoch is best

    def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.learned.append(copy.deepcopy(self.state_dict()))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=0.1)


def fit(folder: Path, epochs: int, decay: float, resume: Path | None = None) -> Tiny:
    torch.manual_seed(0)
    module = Tiny()
    loader = DataLoader(torch.randn(STEPS, 8, 3), batch_size=None)  # type: ignore[arg-type]
    callbacks = [MovingAverage(decay, "cpu")] if decay else []
    trainer = build_trainer(
        folder=folder, epochs=epochs, device="cpu", precision="float32", keep_best=True, callbacks=callbacks
    )
    with expected_warnings_ignored():
        trainer.fit(module, loader, loader, ckpt_path=resume, weights_only=True)
    return module


def average_by_hand(learned: list[State], decay: float) -> list[State]:
    """Average after each step in double precision, except for counters."""
    averages: list[State] = []
    for num, state in enumerate(learned):
        now = {name: value.double() for name, value in state.items() if value.is_floating_point()}
        keep = min(decay, (1 + num) / (10 + num)) if num else 0.0
        averages.append(
            {name: keep * averages[-1][name] + (1 - keep) * now[name] if num else now[name] for name in now}
        )
    return averages


def check(state: State, expected: State) -> None:
    for name, value in expected.items():
        torch.testing.assert_close(state[name].double(), value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("decay", [0.999, 0.3])
def test_the_average_is_validated_kept_and_tested(tmp_path: Path, decay: float) -> None:
    module = fit(tmp_path, 3, decay)
    expected = average_by_hand(module.learned, decay)
    ends = expected[STEPS - 1 :: STEPS]
    for number, state in enumerate(module.validated):
        check(state, ends[number // STEPS])
    for name, epoch in (("best", 0), ("last", 2)):
        checkpoint = torch.load(tmp_path / f"{name}.ckpt", weights_only=True)
        assert checkpoint["epoch"] == epoch
        check(checkpoint["state_dict"], ends[epoch])
        live = module.learned[STEPS * (epoch + 1) - 1]
        assert all(torch.equal(checkpoint["current_model_state"][key], live[key]) for key in live)
        for constant in ("kernel", "table"):
            assert torch.equal(checkpoint["state_dict"][constant], live[constant])
        assert not torch.allclose(checkpoint["state_dict"]["network.1.weight"], live["network.1.weight"], atol=1e-4)
    check(module.state_dict(), ends[-1])


def test_the_weights_learn_as_they_would_without(tmp_path: Path) -> None:
    averaged, plain = fit(tmp_path / "a", 2, 0.9), fit(tmp_path / "b", 2, 0.0)
    for first, second in zip(averaged.learned, plain.learned, strict=True):
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_continued_training_ends_with_the_same_average(tmp_path: Path) -> None:
    whole = fit(tmp_path / "whole", 3, 0.99)
    fit(tmp_path / "parts", 1, 0.99)
    rest = fit(tmp_path / "parts", 3, 0.99, resume=tmp_path / "parts" / "last.ckpt")
    assert len(rest.learned) == 2 * STEPS
    first, second = (torch.load(tmp_path / name / "last.ckpt", weights_only=True) for name in ("whole", "parts"))
    for part in ("state_dict", "current_model_state", "averaging_state"):
        assert first[part].keys() == second[part].keys()
        assert all(torch.equal(first[part][name], second[part][name]) for name in first[part])
    assert all(torch.equal(value, rest.state_dict()[name]) for name, value in whole.state_dict().items())


def test_a_cpu_is_not_the_place_of_an_average_for_a_gpu() -> None:
    assert MovingAverage(0.9, "cuda")._device == torch.device("cuda")
