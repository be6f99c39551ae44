"""Batches of uint8 images from the cache, in an order that follows from the seed and the epoch alone."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader, Dataset, Sampler, SequentialSampler

from fakeid.data.cache import PackedImages
from fakeid.data.mixing import Plan
from fakeid.data.records import Record
from fakeid.seeding import derive_seed


class Batch(NamedTuple):
    """Images (N, 3, H, W) uint8 RGB, channels last in memory, and labels (N,) int64, 0 real and 1 fake."""

    rgb_u8: torch.Tensor
    labels: torch.Tensor


class PackedDataset(Dataset[Batch]):
    """The records of one split that are in the cache; indexed by whole batches."""

    def __init__(self, packed: PackedImages, records: Sequence[Record]) -> None:
        self.records = [record for record in records if record.key not in packed.skipped]
        self._packed = packed
        self._places = packed.locate([record.key for record in self.records])
        self._labels = torch.tensor([record.label for record in self.records], dtype=torch.int64)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.records)

    def __getitems__(self, indices: list[int]) -> Batch:
        """One batch, gathered at once."""
        images = torch.from_numpy(self._packed.take(self._places[np.asarray(indices)]))  # (N, H, W, 3)
        return Batch(images.permute(0, 3, 1, 2), self._labels[indices])  # (N, 3, H, W), a view: channels last


class EpochSampler(Sampler[int]):
    """A shuffle drawn from (seed, epoch), so that a continued run sees the order that it would have seen."""

    def __init__(self, num_images: int, seed: int) -> None:
        self._num_images = num_images
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Number of images."""
        return self._num_images

    def __iter__(self) -> Iterator[int]:
        """Each index once."""
        generator = np.random.default_rng(derive_seed(self._seed, "order", self._epoch))
        return iter(generator.permutation(self._num_images).tolist())


class PackedDataModule(pl.LightningDataModule):
    """The three splits of a plan.

    Args:
        plan: What is in each split.
        packed: The prepared images.
        batch_size: Images a batch; the last may be smaller, but a single left-over image is dropped in training, for
            batch normalization cannot use it.
        seed: Draws the order of the training images.
        num_workers: Processes that gather batches; 0 gathers them here.
    """

    def __init__(self, plan: Plan, packed: PackedImages, *, batch_size: int, seed: int, num_workers: int = 0) -> None:
        super().__init__()
        self.train_set = PackedDataset(packed, plan.train)
        self.val_set = PackedDataset(packed, plan.val)
        self.test_set = PackedDataset(packed, plan.test)
        self._batch_size = batch_size
        self._seed = seed
        self._num_workers = num_workers

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled anew in each epoch."""
        drop_last = len(self.train_set) % self._batch_size == 1
        return self._loader(self.train_set, EpochSampler(len(self.train_set), self._seed), drop_last)

    def val_dataloader(self) -> DataLoader[Batch]:
        """In order."""
        return self._loader(self.val_set, SequentialSampler(self.val_set))

    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test images, in order."""
        return self._loader(self.test_set, SequentialSampler(self.test_set))

    def _loader(self, dataset: PackedDataset, sampler: Sampler[int], drop_last: bool = False) -> DataLoader[Batch]:
        return DataLoader(
            dataset,
            batch_size=self._batch_size,
            sampler=sampler,
            num_workers=self._num_workers,
            collate_fn=_as_is,
            drop_last=drop_last,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self._num_workers > 0,
        )


def _as_is(batch: Any) -> Any:
    return batch
