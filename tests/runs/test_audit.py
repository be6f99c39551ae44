"""The audit as a command and before a training: when it must warn, and when it must not."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_runs import quiet, said

from fakeid.audit.result import AuditResult
from fakeid.commands.audit import run_audit
from fakeid.config.parse import Config
from fakeid.io import read_record
from fakeid.runs.show import print_warnings
from fakeid.runs.train import run_training
from fakeid.sweeps.report import write_report

BuildConfig = Callable[..., Config]


def build(tiny_config: BuildConfig, root: Path, *more: str) -> Config:
    return tiny_config("data=folders", f"paths.data={root}", "data.image_px=64", "data.train_per_class=null",
                       "data.val_per_class=null", "data.test_per_class=null", "categories=null", *more)  # fmt: skip


def test_a_jpeg_detector_in_the_making_is_shouted_about(
    tmp_path: Path, tiny_config: BuildConfig, jpeg_reals_png_fakes: Path
) -> None:
    console = quiet()
    audit = run_audit(build(tiny_config, jpeg_reals_png_fakes), tmp_path / "audit", per_class=400, console=console)
    assert audit.probes["files"].auroc.value > 0.95
    assert "data.codec=shared" in audit.warnings[0]
    assert "warning: file facts alone tell real from fake" in said(console)
    assert read_record(tmp_path / "audit" / "audit.json", AuditResult) == audit
    page = (tmp_path / "audit" / "audit.html").read_text()
    assert "data.codec=shared" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


@pytest.mark.slow
def test_the_shared_codec_silences_it(
    tmp_path: Path, tiny_config: BuildConfig, many_jpeg_reals_png_fakes: Path
) -> None:
    config = build(tiny_config, many_jpeg_reals_png_fakes, "data.codec=shared")
    audit = run_audit(config, tmp_path / "audit", per_class=400, console=quiet())
    assert audit.warnings == ()
    assert audit.probes["files"].auroc.value < 0.6


def test_planted_copies_are_all_found(tmp_path: Path, tiny_config: BuildConfig) -> None:
    rng = np.random.default_rng(0)
    for category in ("cats", "dogs", "sheep"):
        for label in ("0_real", "1_fake"):
            (tmp_path / "data" / category / label).mkdir(parents=True)
            for number in range(20):
                blobs = cv2.resize(rng.random((9, 9, 3), np.float32), (64, 64), interpolation=cv2.INTER_CUBIC)
                image = np.clip(255 * blobs, 0, 255).astype(np.uint8)
                cv2.imwrite(str(tmp_path / "data" / category / label / f"{label}{number}.png"), image)
    # The held-out category is tested completely, so these copies are in two splits wherever the originals are.
    originals = sorted((tmp_path / "data" / "cats" / "0_real").iterdir())
    for number, original in enumerate(originals):
        image = cv2.imread(str(original))
        copy = tmp_path / "data" / "sheep" / "0_real" / f"copy{number}"
        if number % 2:
            cv2.imwrite(str(copy.with_suffix(".png")), image)
        else:
            cv2.imwrite(str(copy.with_suffix(".jpg")), image, [cv2.IMWRITE_JPEG_QUALITY, 75])
    for number in range(20):
        twin = tmp_path / "data" / "sheep" / "1_fake" / f"more{number}.png"
        twin.write_bytes((tmp_path / "data" / "sheep" / "1_fake" / f"1_fake{number}.png").read_bytes())
    console = quiet()
    config = build(tiny_config, tmp_path / "data", "categories=null", "data.held_out=sheep")
    audit = run_audit(config, tmp_path / "audit", per_class=50, console=console)
    tested = {pair.key_a for pair in audit.duplicates.examples}
    in_training = [path.name for path in originals if f"cats/0_real/{path.name}" in tested]
    assert audit.duplicates.num_exact + audit.duplicates.num_near == len(in_training)
    assert len(in_training) == 15  # five of 20 photos are test images
    assert {pair.kind for pair in audit.duplicates.examples} == {"exact", "near"}
    assert "are in two splits at once" in said(console)


def test_pairs_torn_by_given_splits_are_named(tmp_path: Path, tiny_config: BuildConfig) -> None:
    rng = np.random.default_rng(0)
    for split, category, label in product(("train", "test"), ("cats", "sheep"), ("0_real", "1_fake")):
        folder = tmp_path / "data" / split / category / label
        folder.mkdir(parents=True)
        # Photos and translations are numbered anew in each split, except two pairs of cats.
        torn = {("train", "0_real"): "x_real", ("test", "1_fake"): "x_fake",
                ("test", "0_real"): "y_real", ("train", "1_fake"): "y_fake"}  # fmt: skip
        names = [f"{number}{label[1:]}" for number in range(5)]
        for name in [*names, *([torn[split, label]] if category == "cats" else [])]:
            cv2.imwrite(str(folder / f"{name}.png"), rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    console = quiet()
    config = build(tiny_config, tmp_path / "data", "categories=1", "data.held_out=sheep", "data.val_per_class=1")
    audit = run_audit(config, tmp_path / "audit", per_class=50, console=console)
    assert audit.torn_pairs.num == 2
    assert "2 photos have their translation in another split" in said(console)
    assert "2 photos have their translation in another split" in (tmp_path / "audit" / "audit.html").read_text()


@pytest.mark.slow
def test_the_built_in_data_is_silent(tmp_path: Path, tiny_config: BuildConfig) -> None:
    config = tiny_config("categories=10", "data.image_px=64", "data.train_per_class=150", "data.val_per_class=20",
                         "data.test_per_class=20")  # fmt: skip
    audit = run_audit(config, tmp_path / "audit", per_class=150, console=quiet())
    assert audit.warnings == ()
    assert all(probe.auroc.value < 0.6 for probe in audit.probes.values())


def test_a_sweep_prints_each_warning_once() -> None:
    console, said_before = quiet(), {"an old one"}
    for warning in ("an old one", "a new one", "a new one"):
        print_warnings([warning], console, said=said_before)
    assert said(console).splitlines() == ["WARNING: a new one"]


@pytest.mark.slow
def test_a_training_and_its_reports_repeat_the_warning(
    tiny_config: BuildConfig, many_jpeg_reals_png_fakes: Path
) -> None:
    config = build(tiny_config, many_jpeg_reals_png_fakes, "optim.epochs=1", "data.audit_per_class=60", "categories=1")
    console = quiet()
    summary = run_training(config, console)
    assert summary
    assert summary.audit
    probe = summary.audit.probes["files"]
    assert probe
    assert (probe.auroc.value or 0) > 0.95
    assert said(console).count("WARNING: file facts alone tell real from fake") == 2  # before, and beside the table
    again = quiet()
    run_training(config, again)
    assert said(again).count("WARNING: file facts alone tell real from fake") == 1
    runs = Path(config.paths.runs)
    write_report(runs, quiet())
    assert "> **WARNING** (1 of 1 runs): file facts alone" in (runs / "report" / "report.md").read_text()
    assert "1 of 1 runs: file facts alone" in (runs / "report" / "index.html").read_text()
