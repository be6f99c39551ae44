"""A run small enough for a test: built-in images, two categories, one thread."""

from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from hydra import compose, initialize_config_dir

from fakeid.config.constants import REAL
from fakeid.config.parse import Config, parse, register_schema
from fakeid.data.sources.demo import DemoSource
from fakeid.runs import train
from fakeid.runs.evaluate import evaluation as evaluate

CONF = Path(__file__).resolve().parents[2] / "conf"

TINY = (
    "trainer=cpu", "trainer.precision=float32", "logger=csv", "categories=2", "optim.epochs=2", "optim.batch_size=16",
    "data.image_px=48", "data.train_per_class=24", "data.val_per_class=4", "data.test_per_class=2",
    "data.audit_per_class=0",
)  # fmt: skip

BuildConfig = Callable[..., Config]


@pytest.fixture(autouse=True)
def without_drawings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures take longer than a tiny run: only tests marked `draws` draw them."""
    if request.node.get_closest_marker("draws") is None:
        monkeypatch.setattr(train, "write_figures", lambda *_: [])
        monkeypatch.setattr(evaluate, "write_evaluation", lambda *_: None)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def tiny_config(tmp_path: Path, shared_cache: Path) -> BuildConfig:
    """`tiny_config("dropout=0.2")` is a checked configuration whose run lies in the test's own folder."""

    def build(*overrides: str) -> Config:
        register_schema()
        paths = (f"paths.runs={tmp_path / 'runs'}", f"paths.cache={shared_cache}")
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return parse(compose("train", [*TINY, *paths, *overrides]))

    return build


@pytest.fixture(scope="session")
def jpeg_reals_png_fakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of one kind in both classes; only the format differs."""
    root = tmp_path_factory.mktemp("planted")
    source = DemoSource(images_per_class=240, image_px=64)
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
