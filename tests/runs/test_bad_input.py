"""Every user mistake ends in one sentence and exit code 1 or 2, before any training."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from invented_sweep import invent_run

from fakeid.config.parse import Config
from fakeid.config.presets import suggest_option
from fakeid.io import write_record
from fakeid.runs import train as train_module
from fakeid.runs.layout import DONE, RunFolder
from fakeid.runs.train import run_training
from fakeid.terminal import user_errors

BuildConfig = Callable[..., Config]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the training has begun")

    monkeypatch.setattr(train_module, "fit", refuse)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["drpout=0.2"], "there is no option drpout; did you mean dropout?\n"),
        (["color=hvs"], "color has no choice hvs; it has hsv, rgb, ycbcr"),
        (["model=null"], "model has no choice null; it has color_stats, pelee_hpf, timm, xception"),
        (["protocol=[corrected]", "logger=3"], "logger has no choice 3; it has csv, wandb"),
        (["protocol.loss=mse"], "protocol.loss: Invalid value 'mse', expected one of [softmax_ce, bce]"),
        (["nonsense"], "expected name=value, got nonsense"),
        (["grid=smoke"], "there is no option grid; grids belong to sweep.py: python sweep.py -m grid=NAME"),
        (["seed=1,2,3"], "seed=1,2,3 has several values: add -m to train a run for each of them"),
        (["data=folders", "paths.data=~/photos"], "must be in quotes: type 'paths.data=\"~/photos\"'"),
        (["data=folders", "paths.data=/x/foo (1)"], "must be in quotes: type 'paths.data=\"/x/foo (1)\"'"),
        (["data=folders", "paths.data="], "data=folders needs paths.data=DIR"),
        (["data.simulated.fit_steps=3"], "data.simulated.* belong to data=simulated, not to data=demo"),
        (["protocol.name=a/b"], "protocol.name must not hold a slash, got a/b"),
        (["none"], "none is a choice of residual and augment: type residual=none or augment=none"),
    ],
)
def test_wrong_options_end_in_one_line(
    arguments: list[str], message: str, typed: Callable[..., tuple[int, str, str]]
) -> None:
    code, output, said = typed("train", *arguments)
    assert (code, output) == (2, "")
    assert message in said
    assert said.startswith("fakeid: ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("xyzzy", "; see --help"),
        ("epochs", "; did you mean optim.epochs?"),
        ("optim.lr", "; did you mean optim.learning_rate?"),
        ("bs", "; did you mean optim.batch_size?"),
        ("img_size", "; did you mean data.image_px?"),
    ],
)
def test_what_was_meant_is_found_by_last_words_initials_and_other_names(name: str, suggestion: str) -> None:
    assert suggest_option(name) == suggestion


def test_wrong_options_are_answered_without_torch() -> None:
    code = """
import sys, runpy
sys.argv = ["train.py", "dropout=7"]
try:
    runpy.run_path("train.py", run_name="__main__")
finally:
    print("torch" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.returncode, ended.stdout) == (2, "False\n")
    assert ended.stderr == "fakeid: dropout must be in [0, 1), got 7.0; the paper uses 0, 0.2 and 0.5\n"


def test_help_names_every_group_and_the_main_commands(typed: Callable[..., tuple[int, str, str]]) -> None:
    code, output, _ = typed("train", "--help")
    assert code == 0
    for part in (
        "python train.py",
        "data: demo, folders",
        "protocol: corrected, paper",
        "trainer: auto, cpu, ddp, debug, gpu",
    ):
        assert part in output
    assert max(map(len, output.splitlines())) <= 110


@pytest.mark.parametrize(("arguments", "unbuffered"), [(("train.py", "--help"), ""), (("-m", "fakeid", "--help"), "1")])
def test_a_reader_that_leaves_is_no_error(arguments: tuple[str, ...], unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    os.close(writing)
    assert ended.stderr == ""
    assert ended.returncode in (0, 1)  # 0 if the process that writes the help absorbs it


def leave(config: Config, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Return the exit code and the last line of stderr."""
    with pytest.raises(SystemExit) as exit_info, user_errors():
        run_training(config)
    lines = capsys.readouterr().err.strip().splitlines()
    assert isinstance(exit_info.value.code, int)
    return exit_info.value.code, lines[-1]


def write_images(folder: Path, count: int, side: int = 64) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        image = np.random.default_rng(index).integers(0, 256, (side, side, 3), np.uint8)
        cv2.imwrite(str(folder / f"{folder.parent.name}-{folder.name}-{index}.png"), image)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "images"
    for category in ("cats", "dogs"):
        for name in ("0_real", "1_fake"):
            write_images(root / category / name, 8)
    return root


@pytest.fixture
def folders(tiny_config: BuildConfig, tree: Path, tmp_path: Path) -> BuildConfig:
    def build(*overrides: str) -> Config:
        counts = [f"data.{split}_per_class=null" for split in ("train", "val", "test")]
        return tiny_config(
            "data=folders",
            f"paths.data={tree}",
            f"paths.cache={tmp_path / 'cache'}",
            "categories=null",
            *counts,
            *overrides,
        )

    return build


def test_the_tree_itself_reaches_the_training(folders: BuildConfig) -> None:
    with pytest.raises(AssertionError, match="the training has begun"):
        run_training(folders())


def test_missing_folder(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    code, line = leave(folders(f"paths.data={tree.parent / 'imagse'}"), capsys)
    assert code == 1
    assert "does not exist" in line
    assert f"did you mean {tree}" in line


def test_empty_folder(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, line = leave(folders(f"paths.data={tmp_path / 'empty'}"), capsys)
    assert code == 1
    assert "must be laid out as" in line


def test_one_class_only(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    for path in (tree / "dogs" / "1_fake").iterdir():
        path.unlink()
    (tree / "dogs" / "1_fake").rmdir()
    code, line = leave(folders(), capsys)
    assert code == 1
    assert "'dogs'" in line
    assert "1_fake" in line


def test_held_out_category_in_training(folders: BuildConfig, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = leave(folders("categories=2"), capsys)
    assert code == 2
    assert "categories must be between 1 and 1, got 2" in line
    assert "held-out dogs" in line


def test_unknown_category(folders: BuildConfig, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = leave(folders("data.held_out=dog"), capsys)
    assert code == 2
    assert "did you mean dogs?" in line


def test_unusable_file_is_named(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    victim = tree / "dogs" / "0_real" / "dogs-0_real-3.png"
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    code, line = leave(folders(), capsys)
    assert code == 1
    assert victim.name in line
    assert "data.on_bad_image=skip" in line
    with pytest.raises(AssertionError, match="the training has begun"):
        run_training(folders("data.on_bad_image=skip"))
    assert "left out 1 of" in capsys.readouterr().out


def test_a_class_without_a_usable_file_is_refused(
    folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path
) -> None:
    for path in tree.glob("*/0_real/*"):
        path.write_bytes(b"")
    code, line = leave(folders("data.on_bad_image=skip"), capsys)
    assert code == 1
    assert "no usable real image is left in the train set: " in line
    assert ".png" in line


def test_one_pixel_image(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    cv2.imwrite(str(tree / "dogs" / "0_real" / "dogs-0_real-3.png"), np.zeros((1, 1, 3), np.uint8))
    for prep in ("crop", "squash"):
        code, line = leave(folders(f"data.prep={prep}"), capsys)
        assert code == 1
        assert "dogs-0_real-3.png is 1 x 1 px, too small" in line


def test_two_hundred_megapixel_image(folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path) -> None:
    huge = np.zeros((10_000, 20_000), np.uint8)
    cv2.imwrite(str(tree / "dogs" / "0_real" / "dogs-0_real-3.png"), huge)
    code, line = leave(folders(), capsys)
    assert code == 1
    assert "data.max_megapixels" in line
    assert "dogs-0_real-3.png" in line


def test_output_folder_that_is_a_file(
    tiny_config: BuildConfig, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    code, line = leave(tiny_config(f"paths.runs={tmp_path / 'file'}"), capsys)
    assert code == 1
    assert "choose another with paths.runs=DIR" in line


@pytest.mark.parametrize("option", ["paths.runs", "paths.cache", "paths.data"])
def test_a_loop_of_symbolic_links(
    folders: BuildConfig, capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    code, line = leave(folders(f"{option}={tmp_path / 'a'}"), capsys)
    assert code == 1
    said = "does not exist" if option == "paths.data" else f"loop of symbolic links; choose another with {option}=DIR"
    assert said in line


def test_the_folder_of_a_run_with_a_long_name(folders: BuildConfig, tree: Path) -> None:
    for letter in "ab":  # kept apart although the names begin alike
        tree.rename(tree := tree.with_name("x" * 250 + letter))
        config = folders(f"paths.data={tree}")
        with pytest.raises(AssertionError, match="the training has begun"):
            run_training(config)
    assert len(list(Path(config.paths.runs).iterdir())) == 2


@pytest.mark.parametrize(
    ("number", "reason"), [(errno.EROFS, "the file system is read-only"), (errno.ENOSPC, "the disk is full")]
)
def test_read_only_or_full_output_folder(
    tiny_config: BuildConfig,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    reason: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("pathlib.Path.replace", fail)
    code, line = leave(tiny_config(), capsys)
    assert code == 1
    assert reason in line


def test_gpu_without_gpu(
    tiny_config: BuildConfig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    code, line = leave(tiny_config("trainer=gpu"), capsys)
    assert code == 1
    assert "trainer=gpu needs a GPU" in line


def test_unknown_network_lists_near_matches(tiny_config: BuildConfig, capsys: pytest.CaptureFixture[str]) -> None:
    code, line = leave(tiny_config("model=timm", "model.name=resnet81"), capsys)
    assert code == 2
    assert "near matches: " in line
    assert "resnet18" in line


def test_network_of_one_size_is_refused_before_training(
    tiny_config: BuildConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = leave(tiny_config("model=timm", "model.name=vit_tiny_patch16_224"), capsys)
    assert code == 2
    assert "model.name=vit_tiny_patch16_224 cannot take images of data.image_px=48" in line


def test_a_failed_new_start_keeps_the_finished_run(
    folders: BuildConfig, capsys: pytest.CaptureFixture[str], tree: Path
) -> None:
    run = RunFolder.locate(folders())
    run.path.mkdir(parents=True)
    write_record(run.summary, invent_run(folders(), images=4)[0].summary)
    run.write_status(DONE, epochs_done=1, epochs=1)
    (tree / "dogs" / "0_real" / "dogs-0_real-3.png").write_bytes(b"")
    code, line = leave(folders("force=true"), capsys)
    assert code == 1
    assert "dogs-0_real-3.png" in line
    assert run.is_done()
