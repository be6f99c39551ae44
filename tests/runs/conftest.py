"""A run small enough for a test: built-in images, two categories, one thread."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from fakeid.config import Config, parse, register_schema
from fakeid.runs import evaluate, train

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
