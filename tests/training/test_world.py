import pytest

from fakeid.errors import ConfigError, DeviceError
from fakeid.training.world import World, find_world

STEP = {
    "SLURM_JOB_ID": "71234", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "node[07-08]", "SLURM_PROCID": "3",
    "SLURM_LOCALID": "1",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_started_us(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*STEP, "TORCHELASTIC_RUN_ID", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)


def set_environment(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def see_gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


def test_a_run_is_alone_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_world(1, "cpu", 64) == find_world(1, "mps", 64) == World()
    # The script of an sbatch job with several tasks, before any srun.
    set_environment(monkeypatch, {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "4", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    assert find_world(1, "cpu", 64) == World()


def test_processes_are_as_many_as_asked_for_or_as_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    see_gpus(monkeypatch, 4)
    assert find_world(3, "cpu", 64) == World(size=3)
    assert find_world(2, "cuda", 64) == World(size=2)
    assert find_world(None, "cuda", 64) == World(size=4)


def test_torchrun_and_srun_say_who_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        set_environment(
            patch, {"TORCHELASTIC_RUN_ID": "x", "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "GROUP_RANK": "2"}
        )
        assert find_world(None, "cpu", 64) == World(5, 8, 1, "env://")
    set_environment(monkeypatch, STEP)
    assert find_world(None, "cpu", 64) == World(3, 4, 1, "tcp://node07:16234")
    set_environment(monkeypatch, {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"})
    assert find_world(None, "cpu", 64).meeting == "tcp://10.0.0.1:29500"


def test_a_single_task_of_srun_may_start_processes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, {**STEP, "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0", "SLURM_LOCALID": "0"})
    assert find_world(2, "cpu", 64) == World(size=2)


def test_each_process_takes_its_gpu_or_the_only_one_that_it_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    see_gpus(monkeypatch, 4)
    assert str(World(6, 8, 2, "env://").choose_device("cuda")) == "cuda:2"
    see_gpus(monkeypatch, 1)
    assert str(World(6, 8, 2, "tcp://a:1").choose_device("cuda")) == "cuda:0"
    assert str(World(6, 8, 2).choose_device("cpu")) == "cpu"


@pytest.mark.parametrize(
    ("devices", "device", "gpus", "message"),
    [
        (2, "cuda", 1, "2 processes need 2 GPUs and torch sees 1; trainer=ddp takes as many as there are"),
        (None, "cpu", 0, "found the CPU alone; trainer.accelerator=cpu trainer.devices=N trains in N processes"),
        (None, "mps", 0, "found the MPS alone"),
        (2, "mps", 0, "cannot share an MPS device; set trainer.devices=1, or trainer.accelerator=cpu"),
    ],
)
def test_missing_devices_are_one_sentence(
    monkeypatch: pytest.MonkeyPatch, devices: int | None, device: str, gpus: int, message: str
) -> None:
    see_gpus(monkeypatch, gpus)
    with pytest.raises(DeviceError, match=message):
        find_world(devices, device, 64)


def test_contradictions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    see_gpus(monkeypatch, 8)
    with pytest.raises(ConfigError, match="8 processes cannot share batches of 4: raise optim.batch_size"):
        find_world(None, "cuda", 4)
    set_environment(monkeypatch, STEP)
    with pytest.raises(ConfigError, match=r"4 processes were started, and trainer.devices=1 is asked for"):
        find_world(1, "cpu", 64)
