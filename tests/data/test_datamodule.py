from collections.abc import Iterator
from itertools import chain
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler

from fakeid.data.cache.packs import Pack, PackedImages
from fakeid.data.datamodule import Batch, EpochSampler, PackedDataModule
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.images.augment import augment
from fakeid.seeding import derive_seed

SIDE = 8
KEYS = [f"image {number}\udcff" for number in range(10)]  # like a file name that is not UTF-8
NOISE = np.random.default_rng(0).integers(0, 256, (len(KEYS), 40, 40, 3), np.uint8)


def build(
    images: npt.NDArray[np.uint8], keys: list[str], skipped: tuple[str, ...] = (), **options: Any
) -> PackedDataModule:
    records = [Record(key, number % 2, "a", "camera", key) for number, key in enumerate(keys)]
    kept = [key for key in keys if key not in skipped]
    prints = [["0"] * len(kept)] * 3
    pack = Pack(images[[keys.index(key) for key in kept]], kept, *prints, dict.fromkeys(skipped, "bad"))
    plan = Plan(records, records[:3], records[:5], ("a",), (), None)
    return PackedDataModule(plan, PackedImages([pack]), **{"batch_size": 4, "seed": 0, **options})


def make_data(count: int, skipped: tuple[str, ...] = (), **options: Any) -> PackedDataModule:
    """Build data whose image i is filled with i, except for the blue channel."""
    images = np.stack([np.full((SIDE, SIDE, 3), i, np.uint8) for i in range(count)])
    images[..., 2] = 255
    return build(images, [str(i) for i in range(count)], skipped, **options)


def make_noise(augmentation: str, **options: Any) -> PackedDataModule:
    return build(NOISE, KEYS, augmentation=augmentation, **options)


def test_batches_are_rgb_channels_last_uint8() -> None:
    batch = next(iter(make_data(8).val_dataloader()))
    assert batch.rgb_u8.shape == (3, 3, SIDE, SIDE)
    assert batch.rgb_u8.dtype == torch.uint8
    assert batch.rgb_u8.is_contiguous(memory_format=torch.channels_last)
    assert batch.rgb_u8[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert (batch.rgb_u8[:, 2] == 255).all()
    assert batch.labels.tolist() == [0, 1, 0]


@pytest.mark.parametrize("count", [8, 9, 10])
def test_an_epoch_shows_each_image_once_but_for_a_lonely_last(count: int) -> None:
    seen = torch.cat([batch.rgb_u8[:, 0, 0, 0] for batch in make_data(count).train_dataloader()]).tolist()
    assert len(seen) == len(set(seen)) == (8 if count == 9 else count)


def test_the_order_follows_from_seed_and_epoch_alone() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        sampler = EpochSampler(50, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    assert order(0, 3) == order(0, 3)
    assert len({tuple(order(seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}) == 4
    assert sorted(order(0, 0)) == list(range(50))


def test_images_of_a_scene_follow_each_other_in_an_order_of_their_own() -> None:
    scenes = np.arange(60) % 15
    sampler = EpochSampler(60, 0, scenes=scenes)
    orders = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        order = np.array(list(sampler)).reshape(15, 4)
        assert sorted(order.ravel()) == list(range(60))
        assert all(len(set(scenes[group])) == 1 for group in order)
        orders.append(order)
    assert (scenes[orders[0][:, 0]] != scenes[orders[1][:, 0]]).any()
    labels = np.concatenate(orders).ravel() // 30
    # Every second image goes to the second of two processes: neither may receive only photos or only copies.
    assert all(0.2 < labels[rank::2].mean() < 0.8 for rank in range(2))


@given(count=st.integers(0, 60), share_size=st.integers(1, 5), num_processes=st.integers(1, 9))
def test_shares_make_up_the_batches_of_one_process(count: int, share_size: int, num_processes: int) -> None:
    shares = [
        list(BatchSampler(EpochSampler(count, 3, (rank, num_processes)), share_size, drop_last=False))
        for rank in range(num_processes)
    ]
    together = [sorted(chain(*parts)) for parts in zip(*shares, strict=True)]
    order = list(EpochSampler(count, 3))[: count - count % num_processes]
    assert together == [sorted(batch) for batch in BatchSampler(order, share_size * num_processes, drop_last=False)]
    assert all(len({len(part) for part in parts}) == 1 for parts in zip(*shares, strict=True))


def test_processes_share_training_and_validation_and_not_the_test(device: torch.device) -> None:
    for resident in (None, device):
        data = [make_data(10, resident=resident, share=(rank, 2)) for rank in range(2)]
        for name, count in (("train_dataloader", 10), ("val_dataloader", 2)):
            batches = [list(getattr(part, name)()) for part in data]
            assert [len(batch.labels) for batch in batches[0]] == [len(batch.labels) for batch in batches[1]]
            seen = [int(pixel) for part in batches for batch in part for pixel in batch.rgb_u8[:, 0, 0, 0]]
            assert len(seen) == len(set(seen))
            # Each process gets 5 of 10 images: two batches of 2, and a single last image that is dropped.
            assert len(seen) == (8 if name == "train_dataloader" else count)
        assert all(sum(len(batch.labels) for batch in part.scoring_dataloader(part.test_set)) == 5 for part in data)


def test_test_images_come_in_the_order_of_their_records() -> None:
    data = make_data(8)
    images = torch.cat([batch.rgb_u8[:, 0, 0, 0] for batch in data.scoring_dataloader(data.test_set)]).tolist()
    assert images == [int(record.key) for record in data.test_set.records] == [0, 1, 2, 3, 4]


def test_skipped_images_are_left_out() -> None:
    data = make_data(8, skipped=("2", "4"))
    assert [record.key for record in data.test_set.records] == ["0", "1", "3"]


def test_images_kept_on_the_device_give_the_same_batches(device: torch.device) -> None:
    from_disk, resident = (list(make_data(10, resident=where).train_dataloader()) for where in (None, device))
    assert all(batch.rgb_u8.device.type == batch.labels.device.type == device.type for batch in resident)
    for a, b in zip(from_disk, resident, strict=True):
        assert torch.equal(a.rgb_u8, b.rgb_u8.cpu())
        assert torch.equal(a.labels, b.labels.cpu())
        assert b.rgb_u8.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.slow
def test_worker_processes_give_the_same_batches() -> None:
    cv2.setNumThreads(2)  # forked workers would lack these threads
    cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.uint8), (9, 9), 2)
    alone, helped = (list(make_data(10, num_workers=workers).train_dataloader()) for workers in (0, 2))
    assert all(torch.equal(a.rgb_u8, b.rgb_u8) for a, b in zip(alone, helped, strict=True))


def take_epochs(data: PackedDataModule, epochs: list[int]) -> Iterator[list[Batch]]:
    loader = data.train_dataloader()
    for epoch in epochs:
        loader.batch_sampler.sampler.set_epoch(epoch)  # type: ignore[union-attr]  # as Lightning does
        yield list(loader)


def same(first: list[Batch], second: list[Batch]) -> bool:
    return len(first) == len(second) and all(
        torch.equal(a.rgb_u8, b.rgb_u8) and torch.equal(a.labels, b.labels) for a, b in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(("name", "side"), [("jpeg_blur", 40), ("crop", 35), ("safe", 35), ("spectral", 40)])
def test_each_image_is_augmented_by_seed_epoch_and_key_alone(name: str, side: int) -> None:
    for epoch, batches in zip((0, 3), take_epochs(make_noise(name, seed=7), [0, 3]), strict=True):
        found = torch.cat([batch.rgb_u8 for batch in batches])
        assert found.shape == (len(KEYS), 3, side, side)
        assert all(batch.rgb_u8.is_contiguous(memory_format=torch.channels_last) for batch in batches)
        expected = {
            augment(image, name, np.random.default_rng(derive_seed(7, "augment", epoch, ascii(key)))).tobytes(): number
            % 2
            for number, (key, image) in enumerate(zip(KEYS, NOISE, strict=True))
        }
        images = [image.permute(1, 2, 0).numpy().tobytes() for image in found]
        labels = torch.cat([batch.labels for batch in batches]).tolist()
        assert dict(zip(images, labels, strict=True)) == expected


def test_epochs_and_seeds_differ_and_a_continued_run_sees_what_it_would_have_seen() -> None:
    first, second, again = take_epochs(make_noise("spectral"), [0, 1, 0])
    assert same(first, again)
    assert not same(first, second)
    assert same(second, next(take_epochs(make_noise("spectral"), [1])))
    other = next(take_epochs(make_noise("spectral", seed=1), [0]))
    assert not {image.numpy().tobytes() for batch in first for image in batch.rgb_u8} & {
        image.numpy().tobytes() for batch in other for image in batch.rgb_u8
    }


@pytest.mark.parametrize("name", ["crop", "safe"])
def test_processes_that_share_batches_see_what_one_would_see(name: str) -> None:
    alone = next(take_epochs(make_noise(name), [2]))
    shares = [next(take_epochs(make_noise(name, share=(rank, 2)), [2])) for rank in range(2)]
    assert [len(part) for part in shares] == [2, 2]  # 10 images: 4 + 4 + 2; the last two would give one each
    for rank, part in enumerate(shares):
        for mine, batch in zip(part, alone, strict=False):
            assert torch.equal(mine.rgb_u8, batch.rgb_u8[rank::2])
            assert torch.equal(mine.labels, batch.labels[rank::2])


def test_validation_and_test_images_stay_as_they_are() -> None:
    data = make_noise("safe")
    for loader, count in ((data.val_dataloader(), 3), (data.scoring_dataloader(data.test_set), 5)):
        images = torch.cat([batch.rgb_u8 for batch in loader])
        np.testing.assert_array_equal(images.permute(0, 2, 3, 1).numpy(), NOISE[:count])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jpeg_blur", "safe"])
def test_worker_processes_see_the_same_in_each_epoch(name: str) -> None:
    alone, helped = (list(take_epochs(make_noise(name, num_workers=workers), [0, 1, 5])) for workers in (0, 2))
    assert all(same(a, b) for a, b in zip(alone, helped, strict=True))
    assert not same(alone[0], alone[1])
