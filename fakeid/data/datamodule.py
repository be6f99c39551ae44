"""Serve batches of uint8 images from the cache, in an order that depends only on the seed and the epoch."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
import torch
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler, SequentialSampler

from fakeid.data.cache.packs import PackedImages
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.images.augment import SHARED_BY_SCENE, augment
from fakeid.processes import is_memory_kept, keep_memory_in_worker
from fakeid.seeding import derive_seed

_COPIED_AT_ONCE: Final = 1024  # images copied to a device in one step: about 200 MB


class Batch(NamedTuple):
    """A batch: images (N, 3, H, W) uint8 RGB, channels last in memory, and labels (N,) int64, 0 real and 1 fake."""

    rgb_u8: torch.Tensor
    labels: torch.Tensor


class PackedDataset(Dataset[Batch]):
    """The images of one split that are in the cache, indexed by whole batches.

    Attributes:
        records: The images' records, in the order of their indices.
    """

    def __init__(self, packed: PackedImages, records: Sequence[Record]) -> None:
        self.records = [record for record in records if record.key not in packed.skipped]
        self._packed = packed
        self._places = packed.locate([record.key for record in self.records])
        self._labels = torch.tensor([record.label for record in self.records], dtype=torch.int64)
        self._resident: torch.Tensor | None = None

    def __len__(self) -> int:
        """Count the images of the dataset."""
        return len(self.records)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Collect the images and labels of one batch."""
        if self._resident is not None:
            rows = torch.tensor(indices, dtype=torch.int64, device=self._resident.device)
            return Batch(self._resident[rows].permute(0, 3, 1, 2), self._labels[rows])  # (N, 3, H, W), a view
        images = torch.from_numpy(self._packed.take(self._places[np.asarray(indices, np.int64)]))  # (N, H, W, 3)
        return Batch(images.permute(0, 3, 1, 2), self._labels[indices])  # (N, 3, H, W), a view: channels last

    @property
    def device(self) -> torch.device | None:
        """The device that holds the images; None if batches are read from disk."""
        return None if self._resident is None else self._resident.device

    def move_to(self, device: torch.device) -> None:
        """Copy all images to a device, so that later batches need no transfer."""
        shape = self._packed.take(self._places[:1]).shape[1:]
        resident = torch.empty((len(self), *shape), dtype=torch.uint8, device=device)  # (N, H, W, 3)
        for start in range(0, len(self), _COPIED_AT_ONCE):
            images = self._packed.take(self._places[start : start + _COPIED_AT_ONCE])
            resident[start : start + len(images)] = torch.from_numpy(images)
        self._labels = self._labels.to(device)
        self._resident = resident


EpochBatch = tuple[int, list[int]]
"""The epoch and the indices of a batch."""


class AugmentedDataset(Dataset[Batch]):
    """A dataset that augments each image independently.

    The random draws of an image depend only on the seed, the epoch and its key (or its scene). Worker processes,
    processes that share a batch and resumed runs therefore all see the same images.

    Args:
        images: Dataset that reads the images from disk.
        name: Name of the augmentation; see `fakeid.images.augment`.
        seed: Seed of the run.
    """

    device: Final = None  # each epoch changes the images, so no device keeps them

    def __init__(self, images: PackedDataset, name: str, seed: int) -> None:
        self._images = images
        self._name = name
        self._seed = seed

    def __len__(self) -> int:
        """Count the images of the dataset."""
        return len(self._images.records)

    def __getitems__(self, batch: EpochBatch) -> Batch:
        """Return one batch as augmented in one epoch; the images are smaller if the augmentation crops."""
        epoch, indices = batch
        rgb_u8, labels = self._images.__getitems__(indices)
        images = rgb_u8.permute(0, 2, 3, 1).numpy()  # (N, H, W, 3)
        changed = np.stack(
            [
                augment(image, self._name, self._build_rng(epoch, index))
                for image, index in zip(images, indices, strict=True)
            ]
        )  # (N, H', W', 3)
        return Batch(torch.from_numpy(changed).permute(0, 3, 1, 2), labels)  # (N, 3, H', W'), a view

    def _build_rng(self, epoch: int, index: int) -> np.random.Generator:
        # The draws depend on ascii(): without it, runs would not reproduce those of earlier releases.
        record = self._images.records[index]
        key = ascii(record.scene if self._name in SHARED_BY_SCENE else record.key)
        return np.random.default_rng(derive_seed(self._seed, "augment", epoch, key))


class EpochBatches(BatchSampler):
    """A batch sampler that adds the epoch to each batch: worker processes live longer and learn it no other way."""

    def __iter__(self) -> Iterator[EpochBatch]:  # type: ignore[override]
        """Yield each batch with the epoch in which it is drawn."""
        sampler: Any = self.sampler
        for indices in super().__iter__():
            yield sampler.epoch, indices


Share = tuple[int, int]
"""The rank of a process and the number of processes that share each batch."""


def take_share(indices: Sequence[int], share: Share) -> Sequence[int]:
    """Take every n-th index for one of n processes; all get the same number, so up to n - 1 at the end are dropped."""
    rank, num_processes = share
    return indices[rank : len(indices) - len(indices) % num_processes : num_processes]


class EpochSampler(Sampler[int]):
    """A sampler that shuffles by (seed, epoch), so that a resumed run sees the same order as an uninterrupted one.

    Args:
        num_images: Number of images of all processes together.
        seed: Seed of the run.
        share: The part of the images that this process gets.
        scenes: Scene number of each image, int64 (num_images,); images of one scene follow each other. None shuffles
            single images.

    Attributes:
        epoch: Number of epochs before this one.
    """

    def __init__(
        self, num_images: int, seed: int, share: Share = (0, 1), scenes: npt.NDArray[np.int64] | None = None
    ) -> None:
        self._num_images = num_images
        self._seed = seed
        self._share = share
        self._scenes = scenes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order is drawn next; Lightning calls this before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Count the images of this process."""
        return self._num_images // self._share[1]

    def __iter__(self) -> Iterator[int]:
        """Yield each index of this process once."""
        generator = np.random.default_rng(derive_seed(self._seed, "order", self.epoch))
        order = generator.permutation(self._num_images)
        if self._scenes is not None:
            places = generator.permutation(self._scenes.max() + 1)[self._scenes]
            order = order[np.argsort(places[order], kind="stable")]
        return iter(take_share(order.tolist(), self._share))


class PackedDataModule(pl.LightningDataModule):
    """A data module with the training, validation and test images of a plan.

    Attributes:
        skipped: Reason why an image of the plan is missing, by key.

    Args:
        plan: The images of each split.
        packed: The prepared images.
        batch_size: Images per batch over all processes. The last batch may be smaller, but training drops a single
            remaining image, because batch normalization cannot use it.
        seed: Seed of the order and the augmentation of the training images.
        augmentation: Name of the augmentation; see `fakeid.images.augment`.
        num_workers: Number of processes that load batches; 0 loads them in this process.
        resident: Device whose memory holds the training images. None leaves them on disk, which augmentation requires.
        share: The part of training and validation that this process gets; `batch_size` must be a multiple of the
            number of processes.
    """

    def __init__(
        self,
        plan: Plan,
        packed: PackedImages,
        *,
        batch_size: int,
        seed: int,
        augmentation: str = "none",
        num_workers: int = 0,
        resident: torch.device | None = None,
        share: Share = (0, 1),
    ) -> None:
        super().__init__()
        self.skipped = dict(packed.skipped)
        self.train_set = PackedDataset(packed, plan.train)
        self.val_set = PackedDataset(packed, plan.val)
        self.test_set = PackedDataset(packed, plan.test)
        self._batch_size = batch_size
        self._seed = seed
        self._augmentation = augmentation
        self._num_workers = num_workers
        self._share = share
        if resident is not None:
            assert augmentation == "none", "augmented images must be read from disk"
            self.train_set.move_to(resident)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Load the training images, reshuffled in each epoch.

        A photo and its copy that are augmented alike nearly always share a batch, too: what they have in common then
        tells a step nothing about the classes. Only the few that lie on a border between two batches are separated.
        """
        sampler = EpochSampler(len(self.train_set), self._seed, self._share, self._number_scenes())
        batch_size = self._batch_size // self._share[1]
        drop_last = len(sampler) % batch_size == 1
        if self._augmentation == "none":
            return self._loader(self.train_set, BatchSampler(sampler, batch_size, drop_last))
        augmented = AugmentedDataset(self.train_set, self._augmentation, self._seed)
        return self._loader(augmented, EpochBatches(sampler, batch_size, drop_last))

    def _number_scenes(self) -> npt.NDArray[np.int64] | None:
        if self._augmentation not in SHARED_BY_SCENE:
            return None
        numbers: dict[tuple[str, str], int] = {}
        scenes = ((record.category, record.scene) for record in self.train_set.records)
        return np.array([numbers.setdefault(scene, len(numbers)) for scene in scenes], np.int64)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Load the validation images, in order."""
        share = take_share(range(len(self.val_set)), self._share)
        return self._loader(self.val_set, BatchSampler(share, self._batch_size // self._share[1], drop_last=False))

    def scoring_dataloader(self, dataset: PackedDataset) -> DataLoader[Batch]:
        """Load the images of one split, in order, all of them in this process."""
        return self._loader(dataset, BatchSampler(SequentialSampler(dataset), self._batch_size, False))

    def _loader(self, dataset: PackedDataset | AugmentedDataset, batches: BatchSampler) -> DataLoader[Batch]:
        # Images that are on the device already need neither workers nor pinned memory.
        num_workers = 0 if dataset.device else self._num_workers
        if num_workers:
            # Before the fork: a worker would wait forever for OpenCV's threads, which it does not inherit.
            cv2.setNumThreads(1)
        return DataLoader(
            dataset,
            batch_sampler=batches,
            num_workers=num_workers,
            collate_fn=_as_is,
            pin_memory=torch.cuda.is_available() and dataset.device is None,
            persistent_workers=num_workers > 0,
            worker_init_fn=keep_memory_in_worker if is_memory_kept() else None,
        )


def _as_is(batch: Any) -> Any:
    return batch
