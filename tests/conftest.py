"""Fixtures for every test: a device, small thread pools, and the genuine images where they are at hand."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

# W&B reports on itself over the network, from a thread of its own, into whichever test runs at that moment.
os.environ["WANDB_ERROR_REPORTING"] = "false"
# Tests run in parallel processes; in the programs that they start, more threads each would only fight for the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples in every run: what fails here fails everywhere.
settings.register_profile("reproducible", derandomize=True, database=None)
settings.load_profile("reproducible")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="device of the tensor tests: cpu, cuda, …")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As in the programs that tests start."""
    torch.set_num_threads(1)


@pytest.fixture
def gan_pairs() -> Path:
    """Genuine CycleGAN and pix2pix pairs, `generator/category/{0_real,1_fake}`; not part of the repository."""
    root = SHARED_DATA / "gan_pairs"
    if not root.is_dir():
        pytest.skip("the genuine GAN pairs are not on this machine")
    return root


@pytest.fixture
def lsun_bedroom() -> Path:
    """Genuine LSUN bedroom photos as LSUN stores them; not part of the repository."""
    root = SHARED_DATA / "lsun_bedroom"
    if not root.is_dir():
        pytest.skip("the genuine LSUN photos are not on this machine")
    return root
