"""Training images, changed anew in each epoch."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import numpy as np
import torch
from torch.utils.data import BatchSampler, Dataset

from fakeid.data.records import Record
from fakeid.images.augmentations.augment import augment
from fakeid.seeding import derive_seed

EpochBatch = tuple[int, list[int]]
"""An epoch, and the indices of a batch."""


class _Images(Protocol):
    @property
    def records(self) -> Sequence[Record]: ...

    def __getitems__(self, indices: list[int]) -> Any: ...


class AugmentedDataset(Dataset[Any]):
    """The batches of a dataset with each image augmented on its own.

    What happens to an image follows from the seed, the epoch and its key alone, so that worker processes, processes
    that share a batch and a continued run all see the same.

    Args:
        images: Gives batches, a named tuple whose `rgb_u8` is (N, 3, H, W) uint8 RGB in memory, channels last.
        name: Of the augmentation; see `fakeid.images.augmentations.augment`.
        seed: Of the run.
    """

    device: Final = None  # they are changed on their way, so no device keeps them

    def __init__(self, images: _Images, name: str, seed: int) -> None:
        self._images = images
        self._name = name
        self._seed = seed

    def __len__(self) -> int:
        """Number of images."""
        return len(self._images.records)

    def __getitems__(self, batch: EpochBatch) -> Any:
        """One batch in one epoch; smaller images where the augmentation crops."""
        epoch, indices = batch
        found = self._images.__getitems__(indices)
        images = found.rgb_u8.permute(0, 2, 3, 1).numpy()  # (N, H, W, 3)
        changed = np.stack(
            [
                augment(rgb_u8, self._name, self._build_rng(epoch, index))
                for rgb_u8, index in zip(images, indices, strict=True)
            ]
        )  # (N, H', W', 3)
        return found._replace(rgb_u8=torch.from_numpy(changed).permute(0, 3, 1, 2))  # (N, 3, H', W'), a view

    def _build_rng(self, epoch: int, index: int) -> np.random.Generator:
        # ascii() because a file name that is no UTF-8 cannot be encoded as such.
        key = ascii(self._images.records[index].key)
        return np.random.default_rng(derive_seed(self._seed, "augment", epoch, key))


class EpochBatches(BatchSampler):
    """Batches that tell their epoch too: worker processes outlive an epoch and hear of nothing else.

    Args:
        batches: Indices; its sampler's `epoch` is the one to be told.
    """

    def __init__(self, batches: BatchSampler) -> None:
        super().__init__(batches.sampler, batches.batch_size, batches.drop_last)
        self._batches = batches

    def __len__(self) -> int:
        """Number of batches."""
        return len(self._batches)

    def __iter__(self) -> Iterator[EpochBatch]:  # type: ignore[override]
        """Each batch with the epoch in which it is drawn."""
        sampler: Any = self.sampler
        for indices in self._batches:
            yield sampler.epoch, indices
