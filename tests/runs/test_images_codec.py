"""`data.codec=auto`: one decision for every command and every image of a run."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_runs import quiet, said

from fakeid.commands.plan import write_plan
from fakeid.config.parse import Config
from fakeid.io import read_json
from fakeid.runs import images as codec
from fakeid.runs.evaluate.evaluation import run_evaluation
from fakeid.runs.images import list_images
from fakeid.runs.train import run_training
from fakeid.sweeps.images import count_images, prepare

BuildConfig = Callable[..., Config]


def build(tiny_config: BuildConfig, root: Path, cache: Path, *more: str) -> Config:
    return tiny_config("data=folders", f"paths.data={root}", f"paths.cache={cache}", "protocol=corrected",
                       "data.image_px=64", "data.train_per_class=40", "data.val_per_class=4", "data.test_per_class=4",
                       "categories=1", "optim.epochs=1", *more)  # fmt: skip


def test_every_command_takes_the_same_codec(
    tmp_path: Path, tiny_config: BuildConfig, jpeg_reals_png_fakes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = build(tiny_config, jpeg_reals_png_fakes, tmp_path / "cache")
    sentence = "shared codec, JPEG quality 70 to 90 for both classes: 100 % of the reals and 0 % of the fakes"
    consoles = [quiet() for _ in range(3)]
    write_plan(config, tmp_path / "plan.csv", consoles[0])
    # The files are inspected once; later commands use the stored decision, even if the files are unreadable by then.
    monkeypatch.setattr(codec, "_read_facts", lambda *_: pytest.fail("the files were asked again"))
    assert count_images([config], quiet()).num_to_pack == 80 + 8 + 3 * 8
    prepare([config], console=consoles[1])
    assert count_images([config], quiet()).num_to_pack == 0
    summary = run_training(config, consoles[2])
    assert [sentence in said(console) for console in consoles] == [True] * 3
    assert "preparing" not in said(consoles[2])
    assert summary
    assert summary.data
    chosen = summary.data.codec or {}
    assert (chosen["name"], chosen["quality"]) == ("shared", [70, 90])
    assert summary.config["data"]["codec"] == "auto"
    (cache,) = [path for path in (tmp_path / "cache").iterdir() if path.name.startswith("folders-")]
    assert read_json(cache / "identity.json")["codec_quality"] == [70, 90]
    # An evaluation uses the checkpoint's codec, also for other folders.
    other = tmp_path / "other" / "1_fake"
    other.mkdir(parents=True)
    cv2.imwrite(str(other / "0.png"), np.random.default_rng(0).integers(0, 255, (70, 70, 3), dtype=np.uint8))
    options = tiny_config(f"evaluation.sets=[{tmp_path / 'other'}]", f"paths.cache={tmp_path / 'cache'}")
    (run,) = (path for path in Path(config.paths.runs).iterdir() if path.is_dir())
    console = quiet()
    run_evaluation(run, options, console)
    assert "preparing 1 images" in said(console)  # the one image of the other folder; the run's own are already packed
    for path in (tmp_path / "cache").glob("folders-*/identity.json"):
        assert read_json(path)["codec_quality"] == [70, 90]


def test_files_with_one_history_are_left_alone(tmp_path: Path, tiny_config: BuildConfig) -> None:
    rng = np.random.default_rng(0)
    for category in ("cats", "dogs"):
        for label in ("0_real", "1_fake"):
            folder = tmp_path / "data" / category / label
            folder.mkdir(parents=True)
            for number in range(60):
                cv2.imwrite(str(folder / f"{label}{number}.png"), rng.integers(0, 255, (48, 48, 3), dtype=np.uint8))
    config = build(tiny_config, tmp_path / "data", tmp_path / "cache", "data.image_px=48")
    choice = list_images(config, quiet()).codec
    assert choice.quality is None
    assert str(choice) == "no codec: the files of both classes have the same codecs (lossless)"


def test_a_range_of_ones_own_wins(tmp_path: Path, tiny_config: BuildConfig, jpeg_reals_png_fakes: Path) -> None:
    for name in ("auto", "shared"):
        config = build(tiny_config, jpeg_reals_png_fakes, tmp_path / "cache", "data.codec_quality=[60,65]",
                       f"data.codec={name}")  # fmt: skip
        assert list_images(config, quiet()).codec.quality == (60, 65)


def test_drawn_images_get_no_codec(tiny_config: BuildConfig) -> None:
    config = tiny_config("data.codec=auto")
    assert list_images(config, quiet()).codec.quality is None
