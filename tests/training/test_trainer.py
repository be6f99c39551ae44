from pathlib import Path

import pytest
import torch
from pytorch_lightning.strategies import SingleDeviceStrategy

from fakeid.errors import DeviceError
from fakeid.training.trainer import MovableCheckpoint, build_trainer, choose_device, choose_precision, choose_resident


def test_auto_takes_a_gpu_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for available, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr("torch.cuda.is_available", lambda available=available: available)
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
        assert choose_device("auto") == expected
        assert choose_device("cpu") == "cpu"


def test_gpu_insists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(DeviceError, match="trainer=auto takes the CPU instead"):
        choose_device("gpu")


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [({"avx2": True}, "float32"), ({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16")],
)
def test_bf16_only_where_the_processor_computes_in_it(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], expected: str
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities, raising=False)
    assert choose_precision("auto", "cpu") == expected
    assert choose_precision("float32", "cpu") == "float32"
    assert choose_precision("bf16", "cpu") == "bf16"


def test_images_stay_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1000, 2000))
    assert choose_resident("auto", "cuda", 499) == torch.device("cuda")
    assert choose_resident("auto", "cuda", 501) is None
    assert choose_resident("auto", "cpu", 1) is None
    assert choose_resident("off", "cuda", 1) is None
    assert choose_resident("on", "cpu", 10**12) == torch.device("cpu")


def test_lightning_does_not_take_a_slurm_job_for_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = {"SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "fakeid", "SLURM_NTASKS": "2", "SLURM_PROCID": "1"}
    for name, value in {**job, "SLURM_LOCALID": "1", "SLURM_NODEID": "0"}.items():
        monkeypatch.setenv(name, value)
    trainer = build_trainer(folder=tmp_path, epochs=1, device="cpu", precision="float32", keep_best=False)
    assert isinstance(trainer.strategy, SingleDeviceStrategy)
    assert (trainer.world_size, trainer.global_rank) == (1, 0)
    # Lightning's SLURM environment would requeue its own job at SIGUSR1.
    assert type(trainer._accelerator_connector.cluster_environment).__name__ == "LightningEnvironment"


def test_a_run_that_was_moved_remembers_which_epoch_was_the_best(tmp_path: Path) -> None:
    before, after = (MovableCheckpoint(tmp_path / name, "best", monitor="val/auroc", mode="max") for name in "ab")
    path = str(tmp_path / "a" / "best.ckpt")
    before.best_model_path, before.best_model_score, before.best_k_models = (
        path,
        torch.tensor(0.9),
        {path: torch.tensor(0.9)},
    )
    after.load_state_dict(before.state_dict())
    assert after.best_model_score == 0.9
    assert after.best_model_path == str(tmp_path / "b" / "best.ckpt")
    assert list(after.best_k_models) == [after.best_model_path]
