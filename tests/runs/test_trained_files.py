"""What a checkpoint records about its training files."""

from types import SimpleNamespace
from typing import Any

import pytest
from tiny_runs import train

from fakeid.audit.result import ClassFacts, Range, Spread
from fakeid.config.compose import compose_config
from fakeid.images.file_facts import TrainedFiles
from fakeid.runs.layout import RunFolder
from fakeid.runs.test import describe_files
from fakeid.training.checkpoint import read_card


def describe_class(containers: dict[str, int], quality: Range | None = None) -> ClassFacts:
    return ClassFacts(9, containers, {}, quality, {}, None, None, {"resampling": Spread(4.0, 1.5)})


def describe(real: ClassFacts, fake: ClassFacts, *words: str, codec: dict[str, Any] | None = None) -> TrainedFiles:
    run: Any = SimpleNamespace(
        read_audit=lambda: SimpleNamespace(classes={"real": real, "fake": fake}),
        read_data=lambda: SimpleNamespace(codec=codec),
    )
    found = describe_files(run, compose_config(words))
    assert found
    return found


JPEG = describe_class({"JPEG": 9}, Range(75.0, 70, 80))
FINER = describe_class({"JPEG": 9}, Range(90.0, 85, 92))
PNG = describe_class({"PNG": 9})
DRAWN = describe_class({"no file": 9})


@pytest.mark.parametrize(
    ("classes", "words", "codec", "quality", "lossless"),
    [
        ((PNG, PNG), (), None, None, True),
        ((JPEG, PNG), (), {"quality": None}, (70, 80), True),
        ((JPEG, FINER), (), None, (70, 92), False),
        ((PNG, PNG), (), {"quality": [50, 90]}, (50, 90), False),
        ((JPEG, JPEG), ("augment=jpeg_blur",), None, (30, 100), False),
        ((DRAWN, DRAWN), ("data=simulated", "paths.data=photos"), None, (50, 98), True),
        ((DRAWN, DRAWN), ("data=simulated", "paths.data=photos", "augment=crop"), None, (50, 96), True),
    ],
)
def test_files_codec_augmentation_and_pairs_count(
    classes: tuple[ClassFacts, ClassFacts],
    words: tuple[str, ...],
    codec: dict[str, Any] | None,
    quality: tuple[int, int] | None,
    lossless: bool,
) -> None:
    assert describe(*classes, *words, codec=codec) == TrainedFiles(quality, lossless, (4.0, 1.5))


def test_webp_is_remembered_unless_everything_was_compressed_again() -> None:
    webp = describe_class({"WEBP": 9})
    assert describe(webp, PNG) == TrainedFiles(None, True, (4.0, 1.5), webp=True)
    assert describe(webp, JPEG) == TrainedFiles((70, 80), False, (4.0, 1.5), webp=True)
    assert describe(webp, webp, codec={"quality": [50, 90]}) == TrainedFiles((50, 90), False, (4.0, 1.5))


def test_a_training_writes_it_into_its_checkpoint(tiny_config: Any) -> None:
    config = tiny_config("data.audit_per_class=8", "optim.epochs=1")
    train(config)
    run = RunFolder.locate(config)
    audit = run.read_audit()
    assert audit
    reals = audit.classes["real"].pixels["resampling"]
    assert reals
    assert read_card(run.tested).files == TrainedFiles(None, True, (reals.mean, reals.std))


def test_without_an_audit_nothing_is_known() -> None:
    run: Any = SimpleNamespace(read_audit=lambda: None)
    assert describe_files(run, compose_config([])) is None
