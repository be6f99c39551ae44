import tempfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from fakeid.benchmarks.data import run_data_benchmark
from fakeid.cli import main


def write_photos(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        image = cv2.resize(rng.integers(0, 256, (8, 9, 3), np.uint8), (300, 270))
        cv2.imwrite(str(folder / f"{number}.jpg"), image)
    return folder


@pytest.mark.slow
def test_everything_is_measured_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryDirectory", partial(tempfile.TemporaryDirectory, dir=tmp_path))
    photos = write_photos(tmp_path / "photos", 5)
    rates = run_data_benchmark(photos=photos, rounds=1)
    assert list(tmp_path.iterdir()) == [photos]
    assert set(rates) == {"image_folder", "squash", "center_crop", "pack", "random_decoder", "pairs"}
    assert all(rate > 0 for rate in rates.values()), rates
    assert f"{rates['pairs']:.1f} pairs/s" in capsys.readouterr().out


def test_a_folder_without_photos_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["benchmark", "data", "--photos", str(tmp_path)])
    assert exit_info.value.code == 1
    assert "contains no JPEG files: name a folder of JPEG photos with --photos=DIR" in capsys.readouterr().err.replace(
        "\n", " "
    )
