"""How processes are identified, and two CPU processes that train a small network together."""

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch

from fakeid.errors import ConfigError, DeviceError, WorkerError
from fakeid.training.team import Processes, Team, find_processes

STEP = {
    "SLURM_JOB_ID": "71234", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NUM_NODES": "2", "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_NTASKS": "4", "SLURM_PROCID": "3", "SLURM_LOCALID": "1",
}  # fmt: skip
TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "RANK": "5", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4", "LOCAL_RANK": "1"}


@pytest.fixture(autouse=True)
def nobody_started_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*STEP, *TORCHRUN):
        monkeypatch.delenv(name, raising=False)


def set_environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def see_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


def test_a_run_is_alone_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_processes(1, "cpu", 64) == find_processes(1, "mps", 64) == Processes()
    # As in an sbatch script with several tasks, before any srun.
    set_environment(monkeypatch, {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    assert find_processes(1, "cpu", 64) == Processes()


def test_torchrun_and_srun_say_who_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        set_environment(patch, TORCHRUN)
        assert find_processes(None, "cpu", 64) == Processes(rank=5, devices=4, machines=2, starter="torchrun")
        assert find_processes(4, "cpu", 64).share == (5, 8)
    set_environment(monkeypatch, STEP)
    assert find_processes(None, "cpu", 64) == Processes(rank=3, devices=2, machines=2, starter="srun")
    monkeypatch.delenv("SLURM_NTASKS_PER_NODE")
    with pytest.raises(ConfigError, match="give it --ntasks-per-node=N"):
        find_processes(None, "cpu", 64)


@pytest.mark.parametrize(
    ("devices", "device", "gpus", "message"),
    [
        (2, "cuda", 1, "2 processes need 2 GPUs, but torch sees 1; trainer=ddp uses as many as there are"),
        (None, "cpu", 0, "found only the CPU; trainer.accelerator=cpu trainer.devices=N trains in N processes"),
        (None, "mps", 0, "found only the MPS"),
        (2, "mps", 0, "cannot share an MPS device; set trainer.devices=1, or trainer.accelerator=cpu"),
    ],
)
def test_missing_devices_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, devices: int | None, device: str, gpus: int, message: str
) -> None:
    see_gpus(monkeypatch, gpus)
    with pytest.raises(DeviceError, match=message):
        find_processes(devices, device, 64)


def test_what_cannot_be_shared_or_started_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="3 processes cannot share batches of 64 images equally: set optim.batch_siz"):
        find_processes(3, "cpu", 64)
    with pytest.raises(ConfigError, match=r"a command line that can be started again: type python train.py"):
        find_processes(2, "cpu", 64)
    set_environment(monkeypatch, STEP)
    with pytest.raises(ConfigError, match=r"4 processes were started, but trainer.devices=1 is set"):
        find_processes(1, "cpu", 64)


def test_alone_a_lost_connection_is_a_mistake_of_ours() -> None:
    team = Team(Processes(), "cpu")
    with pytest.raises(RuntimeError, match="gloo") as raised, team.watched():
        raise RuntimeError("gloo")
    assert not isinstance(raised.value, WorkerError)
    with team.ahead():
        assert team.agree(3) == 3


SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np
import pytorch_lightning as pl
import torch
from fakeid.data.datamodule import PackedDataModule
from fakeid.data.cache.packs import PackedImages
from fakeid.data.cache.packs import Pack
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.training.team import Team, find_processes
from fakeid.training.trainer import build_trainer

class Small(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)
        torch.nn.init.constant_(self.layer.weight, 0.1 + trained.rank)  # DDP copies those of the first
        self.seen, self.own, self.averaged, self.losses = [], [], [], []

    def training_step(self, batch, _):
        rgb = batch.rgb_u8.float().mean((2, 3)) / 10  # (N, 3)
        loss = (self.layer(rgb).squeeze(1) - batch.labels).square().mean()
        self.seen.append(batch.rgb_u8[:, 0, 0, 0].tolist())
        self.own.append(torch.autograd.grad(loss, self.layer.weight, retain_graph=True)[0].tolist())
        self.losses.append(loss.item())
        return loss

    def on_after_backward(self):
        self.averaged.append(self.layer.weight.grad.tolist())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)

folder = Path(sys.argv[1])
trained = find_processes(None, "cpu", 4)
team = Team(trained, "cpu")
with team.ahead():
    if team.is_first:
        (folder / "made-by-the-first").touch()
assert (folder / "made-by-the-first").exists()
assert team.agree(f"of {trained.rank}") == "of 0"
records = [Record(str(i), i // 7, "a", "camera", str(i)) for i in range(13)]
images = np.stack([np.full((8, 8, 3), i, np.uint8) for i in range(13)])
pack = Pack(images, [record.key for record in records], *([["0"] * 13] * 3), {})
plan = Plan(records, [], records[:2], ("a",), (), None)
data = PackedDataModule(plan, PackedImages([pack]), batch_size=4, seed=0, share=trained.share)
module = Small()
trainer = build_trainer(
    folder=folder, epochs=30, device="cpu", precision="float32", keep_best=False, callbacks=team.list_callbacks(),
    place=team.place,
)
trainer.fit(module, train_dataloaders=data.train_dataloader())
team.leave()
found = {name: getattr(module, name) for name in ("seen", "own", "averaged", "losses")}
(folder / f"{trained.rank}.json").write_text(json.dumps(found))
"""


@pytest.mark.slow
def test_two_processes_train_on_shares_of_their_own_and_average_gradients(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", script, tmp_path],
        check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=300,
    )  # fmt: skip
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    assert len(first["seen"]) == 30 * 3
    for epoch in range(30):
        mine, other = (list(chain(*part["seen"][3 * epoch : 3 * epoch + 3])) for part in (first, second))
        assert len(mine) == len(other) == 6  # of 13
        assert len({*mine, *other}) == 12
    torch.testing.assert_close(torch.tensor(first["averaged"]), torch.tensor(second["averaged"]))
    own = torch.tensor([first["own"], second["own"]])
    torch.testing.assert_close(own.mean(0), torch.tensor(first["averaged"]))
    assert not torch.allclose(own[0], own[1])
    assert sum(first["losses"][-3:]) < 0.5 * sum(first["losses"][:3])
