"""Score images with a trained detector, in float32 whatever the precision of its training.

In bf16 a logit has 8 significant bits, so many images tie: 2,200 rows had 608 distinct values.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from fakeid.config.constants import OWN_TEST_SET
from fakeid.config.degradations import NO_DEGRADATION
from fakeid.data.records import Record
from fakeid.evaluation.scores import Scores, build_scores
from fakeid.training.module import DetectorModule
from fakeid.training.trainer import batch_workers


class Scorer:
    """A scorer of images in float32, as used for the test of a training.

    Args:
        module: The detector; it is moved to the device and put into evaluation mode.
        device: `cuda`, `mps` or `cpu`.
    """

    def __init__(self, module: DetectorModule, *, device: str) -> None:
        self._module = module.to(device).eval()
        self._device = torch.device(device)

    def score(self, rgb_u8: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Compute logits (N,) of images (N, H, W, 3) uint8 RGB; above 0 means fake."""
        return self._score(torch.from_numpy(rgb_u8).permute(0, 3, 1, 2))  # (N, 3, H, W), channels last

    def score_batches(self, loader: DataLoader[Any]) -> npt.NDArray[np.float64]:
        """Compute logits (N,) of all images of a loader, in their order; above 0 means fake.

        Raises:
            WorkerError: A process that loads batches was ended from outside.
        """
        with batch_workers():
            return np.concatenate([self._score(rgb_u8) for rgb_u8, _ in loader])

    def _score(self, rgb_u8: Tensor) -> npt.NDArray[np.float64]:
        with torch.inference_mode():
            logits = self._module.score(rgb_u8.to(self._device))
        return logits.cpu().numpy().astype(np.float64)


def tabulate_scores(
    records: Sequence[Record],
    logits: npt.NDArray[np.float64],
    *,
    degradation: str = NO_DEGRADATION,
    test_set: str = OWN_TEST_SET,
) -> Scores:
    """Join records and logits into a table with one row per image.

    Args:
        records: Records of the images, (n,).
        logits: Logits of the images, (n,), in the order of the records.
        degradation: Name of the degradation of all images.
        test_set: Name of the test set of all images.
    """
    return build_scores(
        key=[r.key for r in records],
        label=[r.label for r in records],
        category=[r.category for r in records],
        generator=[r.generator for r in records],
        degradation=degradation,
        logit=logits,
        test_set=test_set,
    )
