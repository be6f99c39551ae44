"""Which images an evaluation accepts as its test sets."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from made_detectors import write_detector
from photo_folder import write_photos
from tiny_runs import quiet

from fakeid.commands import evaluate as command
from fakeid.config.compose import compose_config
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import ConfigError, DataError
from fakeid.runs.evaluate.test_sets import list_sets
from fakeid.training.checkpoint import read_card


def test_photos_that_were_trained_on_are_no_test(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 4)
    trained = PhotoFolder(str(photos), smallest_px=48)
    source = {"source": "simulated", "photos": trained.hash_files(trained.list_keys())}
    card = read_card(write_detector(tmp_path / "tested.ckpt", source="simulated"))
    card = dataclasses.replace(card, data=dataclasses.replace(card.data, source=source))
    config = compose_config([f"evaluation.reals=[{photos}]"])
    first = (photos / "trip_0" / "000.png").read_bytes()
    for _ in range(2):
        with pytest.raises(DataError, match="contains the training images of made"):
            list_sets(config, quiet(), card=card, own=False)
        (photos / "trip_0" / "copy.png").write_bytes(first)  # which the training left out
    (photos / "another.png").write_bytes(first + b"\0")
    assert [len(part.records) for part in list_sets(config, quiet(), card=card, own=False)] == [6]


def test_reals_and_fakes_may_have_moved_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def stop(_: Path, options: Any, *__: Any, **___: Any) -> None:
        seen.append(options)
        raise DataError("stop")

    monkeypatch.setattr(command, "run_evaluation", stop)
    words = [f"{option}={tmp_path}" for option in ("data.real.root", "data.fake.root")]
    for source, error in (("lsun_progan", DataError), ("demo", ConfigError)):
        detector = write_detector(tmp_path / f"{source}.ckpt", source=source)
        with pytest.raises(error, match=r"stop|belong to data=lsun_progan, not to data=demo"):
            command.evaluate(detector, words)
    (options,) = seen
    assert (options.data.real.root, options.data.fake.root) == (str(tmp_path), str(tmp_path))
