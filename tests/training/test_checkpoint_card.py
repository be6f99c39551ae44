from dataclasses import replace
from pathlib import Path

import pytest
import torch

from fakeid.checkpoints import hash_checkpoint
from fakeid.errors import CheckpointError
from fakeid.evaluation.records.run_summary import DataRecord
from fakeid.training.checkpoint import Card, load_module, read_card, write_card
from fakeid.training.module import DetectorModule

CARD = Card(
    name="demo", categories=["cat"], generators=["progan"], held_out="sheep", config={"data": {"image_px": 48}},
    data=DataRecord({}, "0", {"train": 2}), precision="float32", calibration={"scale": 0.1 + 0.2, "bias": -1.0},
)  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    module = DetectorModule({"backbone": "pelee", "residual": "hpf"})
    path = tmp_path / "tested.ckpt"
    torch.save({"state_dict": module.state_dict(), "hyper_parameters": dict(module.hparams), "epoch": 0}, path)
    return path


def test_a_card_comes_back_whole_beside_the_weights(checkpoint: Path) -> None:
    before = load_module(checkpoint).state_dict()
    write_card(checkpoint, CARD)
    assert read_card(checkpoint) == CARD
    after = load_module(checkpoint).state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [path.name for path in checkpoint.parent.iterdir()] == ["tested.ckpt"]


def test_a_new_card_replaces_the_old_and_leaves_the_identity(checkpoint: Path) -> None:
    write_card(checkpoint, CARD)
    digest = hash_checkpoint(checkpoint)
    write_card(checkpoint, replace(CARD, calibration=None))
    assert read_card(checkpoint).calibration is None
    assert hash_checkpoint(checkpoint) == digest


def test_other_weights_are_another_identity(checkpoint: Path) -> None:
    digest = hash_checkpoint(checkpoint)
    content = torch.load(checkpoint, weights_only=True)
    next(iter(content["state_dict"].values())).add_(1e-3)
    torch.save(content, checkpoint)
    assert hash_checkpoint(checkpoint) != digest


def test_a_checkpoint_without_a_card_is_refused(checkpoint: Path) -> None:
    with pytest.raises(CheckpointError, match=r"tested\.ckpt of a finished run"):
        read_card(checkpoint)
