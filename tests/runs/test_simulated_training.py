"""Training from photos alone, and what happens when its fitted generators are gone."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from photo_folder import write_photos
from rich.console import Console
from tiny_runs import train

from fakeid.config.parse import Config
from fakeid.runs.images import list_images, prepare_images
from fakeid.runs.layout import RunFolder


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit generators in this process."""
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 1)


@pytest.fixture
def build(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    photos = write_photos(tmp_path / "photos", 60, 72, 72)

    def build_config(*overrides: str) -> Config:
        return tiny_config(
            "data=simulated", f"paths.data={photos}", f"paths.cache={tmp_path / 'cache'}", "data.image_px=68",
            "categories=1", "data.train_per_class=null", "data.val_per_class=null", "data.test_per_class=null",
            "data.simulated.families=[zeros,dcgan]", "data.simulated.validation_families=[progan]",
            "data.simulated.members_per_family=1", "data.simulated.fit_steps=2", "data.simulated.pairs_per_photo=1",
            "optim.epochs=1", *overrides,
        )  # fmt: skip

    return build_config


@pytest.mark.draws
def test_photos_are_enough_to_train_and_test_and_are_all_that_is_needed_again(build: Callable[..., Config]) -> None:
    config = build()
    summary, output = train(config)
    assert (RunFolder.locate(config).figures / "pairs.png").stat().st_size > 10_000
    assert "fitting 3 generators to 42 photos, once" in output
    assert "train 84 images of 1 category, validate 18, test 18 of 1" in output
    assert summary.data.source["source"] == "simulated"
    assert "fitting" not in train(build())[1]
    # If the cache is deleted, they are fitted again and produce the same images.
    console = Console(file=io.StringIO(), width=120)
    images = list_images(config, console)
    first = prepare_images(config, images, console)
    shutil.rmtree(config.paths.cache)
    again = prepare_images(config, list_images(config, console), console)
    keys = [record.key for record in images.plan.records()]
    assert (first.take(first.locate(keys)) == again.take(again.locate(keys))).all()


def test_photos_that_are_left_out_as_copies_are_counted(build: Callable[..., Config], tmp_path: Path) -> None:
    shutil.copy(tmp_path / "photos" / "trip_0" / "000.png", tmp_path / "photos" / "copy.png")
    console = Console(file=io.StringIO(), width=120)
    assert len(list_images(build(), console).plan.train) == 84
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "left out 1 photo that repeats another one byte for byte\n"
