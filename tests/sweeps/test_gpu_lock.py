"""Leases belong to living processes; here, several locks of one process represent them."""

import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from fakeid.sweeps import gpu_lock as lease
from fakeid.sweeps.gpu_lock import lease_gpu


def test_every_gpu_gets_one_run_before_any_gets_a_second(tmp_path: Path) -> None:
    with ExitStack() as stack:
        assert [stack.enter_context(lease_gpu(2, 2, tmp_path)) for _ in range(4)] == [0, 1, 0, 1]


def test_a_run_waits_for_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_POLL_SECONDS", 0.01)
    leased: list[int] = []

    def wait() -> None:
        with lease_gpu(1, 1, tmp_path) as gpu:
            leased.append(gpu)

    with lease_gpu(1, 1, tmp_path):
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
        assert not leased
    thread.join(5)
    assert leased == [0]


def test_a_failed_run_frees_its_place(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), lease_gpu(1, 1, tmp_path):
        raise RuntimeError
    with lease_gpu(1, 1, tmp_path) as gpu:
        assert gpu == 0


def test_a_schedulers_choice_is_another_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    with lease_gpu(1, 1, tmp_path) as first:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
        with lease_gpu(1, 1, tmp_path) as second:
            assert (first, second) == (0, 0)


def test_jobs_of_slurm_do_not_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")  # in each job, whichever GPU it has
    with ExitStack() as stack:
        for job in ("1", "2"):
            monkeypatch.setenv("SLURM_JOB_ID", job)
            assert stack.enter_context(lease_gpu(1, 1)) == 0
