"""Which images an evaluation accepts as its test sets."""

import dataclasses
from pathlib import Path

import pytest
from made_detectors import write_detector
from photo_folder import write_photos
from tiny_runs import quiet

from fakeid.config.compose import compose_config
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import DataError
from fakeid.runs.evaluate.test_sets import list_sets
from fakeid.training.checkpoint import read_card


def test_photos_that_were_trained_on_are_no_test(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 4)
    trained = PhotoFolder(str(photos), smallest_px=48)
    source = {"source": "simulated", "photos": trained.hash_files(trained.list_keys())}
    card = read_card(write_detector(tmp_path / "tested.ckpt", source="simulated"))
    card = dataclasses.replace(card, data=dataclasses.replace(card.data, source=source))
    config = compose_config([f"evaluation.reals=[{photos}]"])
    with pytest.raises(DataError, match="contains the training images of made"):
        list_sets(config, quiet(), card=card, own=False)
    (photos / "another.png").write_bytes((photos / "trip_0" / "000.png").read_bytes())
    assert [len(part.records) for part in list_sets(config, quiet(), card=card, own=False)] == [5]
