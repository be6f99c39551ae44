"""The swap test on the audit's planted data, and its use of the files' codecs."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from genuine_trees import write_lsun, write_progan
from rich.console import Console

from fakeid.config.constants import LSUN_CATEGORIES
from fakeid.config.parse import Config
from fakeid.data.cache.packs import PackedImages
from fakeid.data.catalog import build_source
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource
from fakeid.data.test_sets import ImageSet, build_folder_set
from fakeid.evaluation.records.evaluation import SwapResult
from fakeid.runs.evaluate import analyze
from fakeid.runs.evaluate.analyze import compare_codecs
from fakeid.runs.evaluate.evaluation import run_evaluation
from fakeid.runs.evaluate.test_sets import pack_sets
from fakeid.runs.layout import RunFolder
from fakeid.runs.train import run_training

BuildConfig = Callable[..., Config]
QUIET = Console(file=io.StringIO())


def pack(config: Config, part: ImageSet) -> list[tuple[ImageSet, PackedImages]]:
    return pack_sets(config, [part], QUIET)


def list_folder(root: Path, per_class: int, control: bool = False) -> ImageSet:
    return build_folder_set("planted", str(root), per_class=per_class, seed=0, control=control, max_megapixels=10)


def test_files_tell_of_codecs(tiny_config: BuildConfig, jpeg_reals_png_fakes: Path) -> None:
    config = tiny_config("data.image_px=64")
    history = compare_codecs(pack(config, list_folder(jpeg_reals_png_fakes, 3)))
    assert history == "JPEG or WebP files are 100 % of the reals and 0 % of the fakes"
    assert compare_codecs(pack(config, list_folder(jpeg_reals_png_fakes, 3, control=True))) is None


def test_headers_tell_where_keys_have_no_extension(tiny_config: BuildConfig, tmp_path: Path) -> None:
    write_lsun(tmp_path, LSUN_CATEGORIES, 4)
    write_progan(tmp_path, LSUN_CATEGORIES, 4)
    config = tiny_config("data=lsun_progan", f"paths.data={tmp_path}", "data.image_px=48")
    source = build_source(config)
    records = [record for record in source.records() if record.category == "cat"]
    history = compare_codecs(pack(config, ImageSet("test", source, records, "lsun")))
    assert history == "JPEG or WebP files are 100 % of the reals and 0 % of the fakes"


def test_images_made_from_photos_have_no_files() -> None:
    class Simulated(DemoSource):
        def describe(self) -> dict[str, Any]:
            return {**super().describe(), "source": "simulated"}

    records = [
        Record(f"{name}/dcgan-0/a/{i}.jpg#{i % 2}", label, "photos", "camera", f"{i}", "test")
        for label, name in enumerate(("real", "fake")) for i in range(4)
    ]  # fmt: skip
    part = ImageSet("test", Simulated(images_per_class=4, image_px=48), records, "photos")
    assert analyze._count_formats(part) == {"real": {}, "fake": {}}


@pytest.mark.parametrize(
    ("codec", "expected"),
    [("none", "JPEG or WebP files are 100 % of the reals and 0 % of the fakes"), ("shared", None)],
)
def test_a_shared_codec_leaves_no_history(
    tiny_config: BuildConfig,
    jpeg_reals_png_fakes: Path,
    monkeypatch: pytest.MonkeyPatch,
    codec: str,
    expected: str | None,
) -> None:
    config = tiny_config(
        "data=folders", f"paths.data={jpeg_reals_png_fakes}", f"data.codec={codec}", "categories=null",
        "data.held_out=wood", "optim.epochs=1", "evaluation.swap_quality=75",
    )  # fmt: skip
    told: list[str | None] = []
    monkeypatch.setattr(analyze, "judge_swap", lambda _scores, _quality, history, *_: told.append(history))
    run_training(config, QUIET)
    evaluation = run_evaluation(RunFolder.locate(config).path, config, QUIET)
    assert told[-1] == expected
    assert evaluation.test_sets[0].file_formats == {"real": {"jpeg": 1.0}, "fake": {"png": 1.0}}


def test_blocks_tell_where_names_do_not(tiny_config: BuildConfig, jpeg_reals_png_fakes: Path, tmp_path: Path) -> None:
    for path in sorted(jpeg_reals_png_fakes.rglob("*.*"))[::3]:
        name = tmp_path / "saved" / path.relative_to(jpeg_reals_png_fakes).with_suffix(".png")
        name.parent.mkdir(parents=True, exist_ok=True)
        image = cv2.imread(str(path))
        if name.parent.name == "0_real":  # coarse enough to show blocks in such small images
            image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)
        cv2.imwrite(str(name), image)
    history = compare_codecs(pack(tiny_config("data.image_px=64"), list_folder(tmp_path / "saved", 30)))
    assert history == "the reals show JPEG's 8 x 8 blocks more than the others do"


def test_built_in_images_have_no_codec_behind_them(tiny_config: BuildConfig) -> None:
    source = DemoSource(images_per_class=20, image_px=64)
    records = [record for record in source.records() if record.category in ("leaves", "bricks")]
    config = tiny_config("data.image_px=64")
    assert compare_codecs(pack(config, ImageSet("test", source, records, "built-in data"))) is None


def swap_classes(config: Config, quality: int) -> SwapResult:
    """Compress one class of the test images of a finished run, then the other."""
    asked = dataclasses.replace(config, evaluation=dataclasses.replace(config.evaluation, swap_quality=quality))
    swap = run_evaluation(RunFolder.locate(config).path, asked, QUIET).swap
    assert swap is not None
    return swap


@pytest.mark.slow
@pytest.mark.parametrize(("model", "quality"), [("pelee_hpf", 75), ("color_stats", 95)])
def test_the_swap_test_names_the_planted_shortcut(
    tiny_config: BuildConfig, many_jpeg_reals_png_fakes: Path, model: str, quality: int
) -> None:
    config = tiny_config(
        "data=folders", f"paths.data={many_jpeg_reals_png_fakes}", f"model={model}", "data.image_px=64",
        "categories=null", "data.train_per_class=null", "data.val_per_class=null", "data.test_per_class=null",
        "optim.epochs=6", "optim.batch_size=32",
    )  # fmt: skip
    run_training(config, QUIET)
    swap = swap_classes(config, quality)
    assert swap.follows_codec is True, swap
    assert "JPEG or WebP files are 100 % of the reals" in swap.verdict
    # At the quality of the reals, fakes merely become like reals, as they also would if JPEG erased a trace.
    swap = swap_classes(config, 90)
    assert (swap.follows_codec, swap.warns) == (None, True), swap
    assert "JPEG or WebP files are 100 % of the reals" in swap.verdict


@pytest.mark.slow
def test_on_clean_images_nothing_is_named(tiny_config: BuildConfig) -> None:
    config = tiny_config(
        "data.image_px=64", "data.categories=[bricks,pebbles]", "data.held_out=flowers", "data.train_per_class=400",
        "data.test_per_class=40", "optim.epochs=5", "optim.batch_size=32",
    )  # fmt: skip
    run_training(config, QUIET)
    swap = swap_classes(config, 90)
    assert (swap.rows[0].auroc.low or 0) > 0.8, swap  # so that performance can drop
    assert swap.follows_codec is False, swap
