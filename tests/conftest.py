"""Fixtures for all tests: the device, few threads, tiny runs, and genuine images where available."""

import copy
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import hydra
import pytest
import torch
from hypothesis import settings

from fakeid.config import compose
from fakeid.config.parse import Config

# W&B's error reporting uses a thread and the network, and would disturb whichever test is running.
os.environ["WANDB_ERROR_REPORTING"] = "false"
# Tests run in parallel processes; more threads in the programs that they start would only compete for the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Use the same examples in every run, so that failures are reproducible.
settings.register_profile("reproducible", derandomize=True, database=None)
settings.load_profile("reproducible")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

BuildConfig = Callable[..., Config]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="device of the tensor tests: cpu, cuda, …")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """Use one thread, like the programs that tests start."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def composed_once() -> Iterator[None]:
    """Cache compositions of the same presets and words: Hydra takes a third of a second each time."""
    of_presets = lru_cache(maxsize=None)(lambda name, words: hydra.compose(name, list(words)))
    of_words = lru_cache(maxsize=None)(compose.compose_configs)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "compose", lambda name, words: of_presets(name, tuple(words)))
        patch.setattr(compose, "compose_configs", lambda words: copy.deepcopy(of_words(tuple(words))))
        yield


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """`typed("train", "dropout=7")` is the exit code of `fakeid train dropout=7`, its output and its errors.

    Runs in this process and in a separate folder; a new process takes a second, or several if it loads torch.
    """
    from hydra.core.hydra_config import HydraConfig

    from fakeid.cli import main

    monkeypatch.setattr(sys, "argv", sys.argv)  # commands overwrite it
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main(list(words))
        except SystemExit as ended:
            return int(ended.code or 0), *capsys.readouterr()
        return 0, *capsys.readouterr()

    yield run
    HydraConfig.instance().cfg = None  # otherwise later tests would seem to run inside `fakeid train`


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


@pytest.fixture
def without_drawings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip figures unless a test is marked `draws`, because drawing takes longer than a tiny run."""
    if request.node.get_closest_marker("draws") is None:
        from tiny_runs import leave_out_figures

        leave_out_figures(monkeypatch)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tiny_config(tmp_path: Path, shared_cache: Path, without_drawings: None) -> BuildConfig:  # noqa: ARG001
    """`tiny_config("dropout=0.2")` builds a validated configuration whose run is in the test's own folder."""

    def build(*overrides: str) -> Config:
        return compose_tiny(tmp_path / "runs", shared_cache, *overrides)

    return build


def compose_tiny(runs: Path, cache: Path, *overrides: str) -> Config:
    from tiny_runs import TINY, TINY_NETWORK

    named = any(word.startswith("model=") for word in overrides)
    network = [] if named else [TINY_NETWORK]
    config = compose.compose_config([*TINY, *network, "paths.runs=RUNS", "paths.cache=CACHE", *overrides])
    for name, placeholder, folder in (("runs", "RUNS", runs), ("cache", "CACHE", cache)):
        if getattr(config.paths, name) == placeholder:
            setattr(config.paths, name, str(folder))
    return config


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory, shared_cache: Path) -> Path:
    """The folder of `tiny_config("optim.epochs=1")`, trained once for all tests; read only."""
    from tiny_runs import leave_out_figures, train

    from fakeid.runs.layout import RunFolder

    config = compose_tiny(tmp_path_factory.mktemp("trained"), shared_cache, "optim.epochs=1")
    with pytest.MonkeyPatch.context() as patch:
        leave_out_figures(patch)
        train(config)
    return RunFolder.locate(config).path


@pytest.fixture
def trained(tiny_config: BuildConfig, tiny_run: Path) -> Config:
    """The configuration of a finished run in the test's own folder, which may be modified."""
    config = tiny_config("optim.epochs=1")
    shutil.copytree(tiny_run, Path(config.paths.runs) / tiny_run.name)
    return config


@pytest.fixture(scope="session")
def jpeg_reals_png_fakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same kind of photos in both classes, 50 per class in each of three categories; only the format differs."""
    return plant_codecs(tmp_path_factory.mktemp("planted"), 100)


@pytest.fixture(scope="session")
def many_jpeg_reals_png_fakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough of these images to train on, and to keep chance from producing high scores."""
    return plant_codecs(tmp_path_factory.mktemp("planted"), 240)


def plant_codecs(root: Path, photos_per_category: int) -> Path:
    import cv2

    from fakeid.config.constants import REAL
    from fakeid.data.sources.demo import DemoSource

    source = DemoSource(images_per_class=photos_per_category, image_px=64)
    photos = [r for r in source.records() if r.label == REAL and r.category in ("bricks", "pebbles", "wood")]
    for number, record in enumerate(photos):
        label, suffix, options = (
            ("0_real", ".jpg", [cv2.IMWRITE_JPEG_QUALITY, 90]) if number % 2 else ("1_fake", ".png", [])
        )
        folder = root / record.category / label
        folder.mkdir(parents=True, exist_ok=True)
        bgr = cv2.cvtColor(source.read(record), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / f"{number:04d}{label[1:]}{suffix}"), bgr, options)
    return root
