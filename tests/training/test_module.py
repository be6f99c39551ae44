import math
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader

from fakeid.errors import ConfigError
from fakeid.training.module import DetectorModule, compute_loss
from fakeid.training.trainer import expected_warnings_ignored


def test_softmax_ce_is_cross_entropy_over_a_softmax() -> None:
    logits, labels = torch.randn(50) * 5, torch.randint(0, 2, (50,))
    # The authors' network: two outputs, softmax inside, CrossEntropyLoss on top.
    probabilities = torch.softmax(torch.stack([torch.zeros(50), logits], 1), 1)
    expected = nn.CrossEntropyLoss()(probabilities, labels)
    torch.testing.assert_close(compute_loss("softmax_ce", logits, labels), expected)


def test_softmax_ce_lies_between_its_known_bounds() -> None:
    right, wrong = (compute_loss("softmax_ce", torch.tensor([logit]), torch.tensor([1])) for logit in (99.0, -99.0))
    assert right.item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-4)
    assert right.item() == pytest.approx(0.3133, abs=1e-4)
    assert wrong.item() == pytest.approx(1.3133, abs=1e-4)


def test_bce_is_cross_entropy_on_the_logit() -> None:
    logits, labels = torch.randn(50), torch.randint(0, 2, (50,))
    expected = F.binary_cross_entropy(torch.sigmoid(logits), labels.float())
    torch.testing.assert_close(compute_loss("bce", logits, labels), expected)


def test_unknown_loss_is_refused() -> None:
    with pytest.raises(ConfigError, match="protocol.loss must be softmax_ce or bce, got mse"):
        compute_loss("mse", torch.zeros(1), torch.zeros(1))


def test_memory_format_changes_nothing_but_speed(device: torch.device) -> None:
    torch.manual_seed(0)
    first = DetectorModule({}, channels_last=True).to(device).eval()
    second = DetectorModule({}, channels_last=False).to(device).eval()
    second.load_state_dict(first.state_dict())
    rgb_u8 = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, device=device)
    with torch.no_grad():
        torch.testing.assert_close(first(rgb_u8), second(rgb_u8), rtol=1e-3, atol=1e-4)


def test_every_weight_learns() -> None:
    module = DetectorModule({})
    rgb_u8, labels = torch.randint(0, 256, (4, 3, 96, 96), dtype=torch.uint8), torch.tensor([0, 1, 0, 1])
    compute_loss("bce", module(rgb_u8), labels).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in module.detector.parameters())


def test_optimizer_is_plain_adam() -> None:
    optimizer = DetectorModule({"logits": "one"}, learning_rate=0.002).configure_optimizers()
    assert type(optimizer) is torch.optim.Adam
    assert [group["lr"] for group in optimizer.param_groups] == [0.002]  # for one logit, not the difference of two
    assert optimizer.param_groups[0]["weight_decay"] == 0


def test_the_cosine_ends_at_zero_with_the_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DetectorModule, "trainer", SimpleNamespace(estimated_stepping_batches=8))
    configured = DetectorModule({}, learning_rate=0.002, schedule="cosine").configure_optimizers()
    optimizer, scheduler = configured["optimizer"], configured["lr_scheduler"]["scheduler"]
    assert configured["lr_scheduler"]["interval"] == "step"
    rates = []
    for _ in range(9):
        rates.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    expected = [0.001 * (1 + math.cos(math.pi * step / 8)) for step in range(9)]
    torch.testing.assert_close(torch.tensor(rates), torch.tensor([[rate, 2 * rate] for rate in expected]))


def test_bf16_trains_and_float32_validates(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    module = DetectorModule({}, learning_rate=0.0)
    batches = [(torch.randint(0, 256, (8, 3, 48, 48), dtype=torch.uint8), torch.tensor([0, 1] * 4))]
    loader = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    logits: dict[bool, torch.Tensor] = {}

    def record(self: DetectorModule, rgb_u8: torch.Tensor) -> torch.Tensor:
        logits[self.training] = forward(self, rgb_u8)
        return logits[self.training]

    forward = DetectorModule.forward
    monkeypatch.setattr(DetectorModule, "forward", record)
    # What build_trainer sets for trainer.precision=bf16, which a CPU without bf16 emulates.
    trainer = pl.Trainer(
        accelerator="cpu", precision="bf16-mixed", max_epochs=1, num_sanity_val_steps=0, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    with expected_warnings_ignored():
        trainer.fit(module, loader, loader)
    trained, validated = logits[True], logits[False]
    assert torch.equal(trained, trained.bfloat16().float())
    with torch.no_grad():
        expected = module.eval()(batches[0][0])
    torch.testing.assert_close(validated, expected, rtol=0, atol=1e-6)
    assert not torch.allclose(validated, validated.bfloat16().float(), rtol=0, atol=1e-6)
    loss = compute_loss("softmax_ce", expected, batches[0][1])
    assert trainer.callback_metrics["val/loss"].item() == pytest.approx(loss.item(), abs=1e-6)
