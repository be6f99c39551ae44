import io
import math
import re
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from rich.console import Console

from fakeid.benchmarks.data import run_data_benchmark
from fakeid.benchmarks.lsun_progan import HELD_OUT, TRAINED, write_keys, write_lsun_progan
from fakeid.cli import main
from fakeid.data.sources.lsun import LsunSource
from fakeid.data.sources.progan import ProGanSource


def write_photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        image = cv2.resize(rng.integers(0, 256, (8, 9, 3), np.uint8), (300, 270))
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
    return folder


@pytest.mark.slow
def test_everything_is_measured_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryDirectory", partial(tempfile.TemporaryDirectory, dir=tmp_path))
    photos, console = write_photos(tmp_path / "photos", 5), Console(file=io.StringIO(), width=200)
    numbers = run_data_benchmark(photos=photos, records=300, keys=2000, rounds=1, console=console)
    assert list(tmp_path.iterdir()) == [photos]
    efforts = ("worker", "keys_first", "keys_again", "torchvision_keys_first", "torchvision_keys_again")
    assert set(numbers) == {
        "random_decoder_per_s",
        "pairs_per_s",
        *(f"{way}_images_per_s" for way in ("image_folder", "squash", "center_crop", "pack")),
        *(f"{way}_batch_s" for way in ("png", "cache")),
        "start_s",
        "start_first_s",
        *(f"{what}_{unit}" for what in efforts for unit in ("s", "peak_mb", "grown_mb")),
    }
    positive = {name: number for name, number in numbers.items() if not name.endswith("_grown_mb")}
    if sys.platform == "linux":
        assert all(number > 0 for number in positive.values()), numbers
        assert numbers["worker_peak_mb"] < 500
        assert numbers["worker_grown_mb"] > 50 * 256 * 256 * 3 / 1e6  # the images of a pack at the least
    else:
        assert all(number > 0 or math.isnan(number) for number in positive.values())
    assert isinstance(console.file, io.StringIO)
    assert "batch of 64" in console.file.getvalue()


def test_the_invented_set_is_what_the_sources_read(tmp_path: Path) -> None:
    write_lsun_progan(tmp_path, 100)
    names = (*TRAINED, HELD_OUT)
    for source in (
        LsunSource(str(tmp_path), names, listings=str(tmp_path / "listings")),
        ProGanSource(str(tmp_path), names, listings=str(tmp_path / "listings")),
    ):
        records = list(source.records())
        assert [sum(record.category == name for record in records) for name in names] == [16, 16, 16]
        assert len({record.key for record in records}) == 48
        assert all(min(source.read(record).shape[:2]) >= 33 for record in records)


def test_keys_are_as_long_as_those_of_lsun(tmp_path: Path) -> None:
    write_keys(tmp_path / "bedroom_train_lmdb", 25_000)
    keys = [r.scene for r in LsunSource(str(tmp_path), ["bedroom"], listings=str(tmp_path / "listings")).records()]
    assert len(set(keys)) == 25_000
    assert {len(key) for key in keys} == {40}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--records", "10"], 2, "--records must be at least 60, got 10"),
        (["--photos", "EMPTY"], 1, "holds no JPEG files: --photos=DIR must name a folder of photos"),
        (["--keys", "9"], 1, "the benchmark needs 1.9 GB and .* has 1.0 GB left: set TMPDIR"),
    ],
)
def test_what_cannot_be_measured_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    with pytest.raises(SystemExit) as exit_info:
        main(["benchmark", "data", *[str(tmp_path) if word == "EMPTY" else word for word in arguments]])
    assert exit_info.value.code == code
    assert re.search(message, capsys.readouterr().err.replace("\n", " "))
