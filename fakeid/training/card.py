"""What a checkpoint knows beside its weights, so that it alone can be tested on anything."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fakeid.errors import CheckpointError
from fakeid.shapes import find_fault
from fakeid.training.checkpoint import read_checkpoint, save_checkpoint

_KEY: Final = "fakeid"
_CARD: Final = {
    "name": str,
    "categories": [str],
    "generators": [str],
    "held_out": (None, str),
    "config": dict,
    "data": {"source": dict, "digest": str},
    "precision": str,
    "calibration": (None, {str: float}),
}
_KEPT: Final = ("state_dict", "hyper_parameters", "epoch", "pytorch-lightning_version")


@dataclass(frozen=True)
class Card:
    """All of it plain values, as `torch.load(weights_only=True)` wants them.

    Attributes:
        name: Of the run.
        categories: Contents that were trained on.
        generators: Generators that were trained on, without the camera.
        held_out: The content that was kept from training; None if there was none.
        config: Every option of the run, nested.
        data: Which images the run used: source, digest and counts.
        precision: Of the backbone in training: `float32` or `bf16`.
        calibration: Fields of `fakeid.evaluation.calibration.Calibration`; None without validation images.
    """

    name: str
    categories: list[str]
    generators: list[str]
    held_out: str | None
    config: dict[str, Any]
    data: dict[str, Any]
    precision: str
    calibration: dict[str, Any] | None


def write_card(path: Path, card: Card) -> None:
    """Put a card into a checkpoint, in place of one that it may have and of what only a training could continue from.

    Raises:
        CheckpointError: Missing, damaged, or not a detector's.
    """
    checkpoint = read_checkpoint(path)
    kept: dict[str, Any] = {name: checkpoint[name] for name in _KEPT if name in checkpoint}
    save_checkpoint({**kept, _KEY: asdict(card)}, path)


def read_card(path: Path) -> Card:
    """The card of a checkpoint.

    Raises:
        CheckpointError: It has none, or one with other fields.
    """
    plain: Any = read_checkpoint(path).get(_KEY)
    if find_fault(plain, _CARD) or plain.keys() != _CARD.keys():
        raise CheckpointError(
            f"{path} does not say what it was trained on: take tested.ckpt of a finished run, and train a run of an "
            "earlier release again (force=true)"
        )
    return Card(**plain)
