"""A detector that is ready to score."""

import numpy as np
import numpy.typing as npt
import torch

from fakeid.training.module import DetectorModule


class Scorer:
    """Scores images as the test of a training does, in float32.

    Args:
        module: Its weights; it is moved to the device and put into evaluation mode.
        device: `cuda`, `mps` or `cpu`.
    """

    def __init__(self, module: DetectorModule, *, device: str) -> None:
        self._module = module.to(device).eval()
        self._device = torch.device(device)

    def score(self, rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Logits (N,) of images (N, H, W, 3) uint8 RGB; above 0 means fake."""
        images = torch.from_numpy(rgb_u8).to(self._device).permute(0, 3, 1, 2)  # (N, 3, H, W), channels last
        with torch.inference_mode():
            logits = self._module.score(images)
        return logits.cpu().numpy().astype(np.float64)
