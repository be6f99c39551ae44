"""Train detectors of GAN-generated images and test them on content and generators that they have never seen."""

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fakeid.inference.predictor import Predictor

__version__: Final = "0.1.0"


def load(checkpoint: "str | os.PathLike[str]", *, device: str | None = None, anyway: bool = False) -> "Predictor":
    """Load a trained detector for prediction.

    Args:
        checkpoint: Path of a finished run's folder, its `tested.ckpt`, a calibrated copy, or an exported `.onnx` file.
        device: `cpu`, `cuda` or `mps`; None selects the fastest available.
        anyway: Whether to accept a detector that was trained on the built-in drawings.

    Raises:
        CheckpointError: The checkpoint is missing or damaged, or the detector was trained on drawings.
        DeviceError: torch cannot use the device on this machine.

    Examples:
        >>> import fakeid
        >>> detector = fakeid.load("runs/my_run")
        >>> prediction = detector.predict("photo.png")
        >>> prediction.verdict
        <Verdict.REAL: 'real'>
        >>> prediction.caveats
        (Caveat(kind='size', text='40 x 60 px; trained at 48 px'),)
    """
    from fakeid.inference.predictor import Predictor, load_usable  # noqa: PLC0415 - torch takes seconds

    return Predictor(load_usable(checkpoint, device=device, anyway=anyway))
