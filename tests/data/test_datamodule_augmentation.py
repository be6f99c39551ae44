from collections.abc import Iterator

import numpy as np
import pytest
import torch

from fakeid.data.cache.packs import Pack, PackedImages
from fakeid.data.datamodule import Batch, PackedDataModule
from fakeid.data.plans import Plan
from fakeid.data.records import Record
from fakeid.images.augment import augment
from fakeid.seeding import derive_seed

SIDE = 40
COUNT = 10
KEYS = [f"image {number}\udcff" for number in range(COUNT)]  # as of a file whose name is no UTF-8
IMAGES = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)


def make_data(name: str, *, seed: int = 0, num_workers: int = 0, share: tuple[int, int] = (0, 1)) -> PackedDataModule:
    records = [Record(key, number % 2, "a", "camera", key) for number, key in enumerate(KEYS)]
    packed = PackedImages([Pack(IMAGES, KEYS, ["0"] * COUNT, ["0"] * COUNT, ["0"] * COUNT, {})])
    plan = Plan(records, records[:3], records[:5], ("a",), (), None)
    return PackedDataModule(
        plan, packed, batch_size=4, seed=seed, augmentation=name, num_workers=num_workers, share=share
    )


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
    for epoch, batches in zip((0, 3), take_epochs(make_data(name, seed=7), [0, 3]), strict=True):
        found = torch.cat([batch.rgb_u8 for batch in batches])
        assert found.shape == (COUNT, 3, side, side)
        assert all(batch.rgb_u8.is_contiguous(memory_format=torch.channels_last) for batch in batches)
        expected = {
            augment(image, name, np.random.default_rng(derive_seed(7, "augment", epoch, ascii(key)))).tobytes(): number
            % 2
            for number, (key, image) in enumerate(zip(KEYS, IMAGES, strict=True))
        }
        images = [image.permute(1, 2, 0).numpy().tobytes() for image in found]
        labels = torch.cat([batch.labels for batch in batches]).tolist()
        assert dict(zip(images, labels, strict=True)) == expected


def test_epochs_and_seeds_differ_and_a_continued_run_sees_what_it_would_have_seen() -> None:
    first, second, again = take_epochs(make_data("spectral"), [0, 1, 0])
    assert same(first, again)
    assert not same(first, second)
    assert same(second, next(take_epochs(make_data("spectral"), [1])))
    other = next(take_epochs(make_data("spectral", seed=1), [0]))
    assert not {image.numpy().tobytes() for batch in first for image in batch.rgb_u8} & {
        image.numpy().tobytes() for batch in other for image in batch.rgb_u8
    }


@pytest.mark.parametrize("name", ["crop", "safe"])
def test_processes_that_share_batches_see_what_one_would_see(name: str) -> None:
    alone = next(take_epochs(make_data(name), [2]))
    shares = [next(take_epochs(make_data(name, share=(rank, 2)), [2])) for rank in range(2)]
    assert [len(part) for part in shares] == [2, 2]  # 10 images are 4 + 4 + 2; of the last two, each would have one
    for rank, part in enumerate(shares):
        for mine, batch in zip(part, alone, strict=False):
            assert torch.equal(mine.rgb_u8, batch.rgb_u8[rank::2])
            assert torch.equal(mine.labels, batch.labels[rank::2])


def test_validation_and_test_images_stay_as_they_are() -> None:
    data = make_data("safe")
    for loader, count in ((data.val_dataloader(), 3), (data.scoring_dataloader(data.test_set), 5)):
        images = torch.cat([batch.rgb_u8 for batch in loader])
        np.testing.assert_array_equal(images.permute(0, 2, 3, 1).numpy(), IMAGES[:count])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["jpeg_blur", "safe"])
def test_worker_processes_see_the_same_in_each_epoch(name: str) -> None:
    alone, helped = (list(take_epochs(make_data(name, num_workers=workers), [0, 1, 5])) for workers in (0, 2))
    assert all(same(a, b) for a, b in zip(alone, helped, strict=True))
    assert not same(alone[0], alone[1])
