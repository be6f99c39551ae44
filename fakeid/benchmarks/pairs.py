"""How fast photos are paired with copies by fitted generators, beside what one random decoder takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from fakeid.benchmarks.harness import take_turns, time_call
from fakeid.config.constants import GAN_FAMILIES
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.simulate.generators import SimulatedGenerator
from fakeid.data.simulate.pairs import Image, make_pair
from fakeid.data.sources.photos import PhotoFolder

_MEMBERS: Final = 2  # of each family; drawn, their speed is that of fitted ones
_STEPS: Final = 2
_SMALLEST_PX: Final = 64
_LARGEST_PX: Final = 256


def measure_pairs(root: Path, files: list[bytes], rounds: int) -> dict[str, float]:
    """Measure the pairs per second of one core, without reading the photo.

    Args:
        root: An empty folder.
        files: JPEG files of photos of one size; one a pair.
        rounds: Repetitions.

    Returns:
        `pairs`: with members of all families of GANs in turn. `random_decoder`: with the built-in data's, at one level.
    """
    (root / "photos").mkdir(parents=True)
    for number, file in enumerate(files):
        (root / "photos" / f"{number:03d}.jpg").write_bytes(file)
    folder = PhotoFolder(str(root / "photos"), _SMALLEST_PX)
    bank = GeneratorBank(str(root / "cache"), folder, tuple(folder.list_keys()), _STEPS, seed=0)
    members = [Member(family, number) for family in GAN_FAMILIES for number in range(_MEMBERS)]
    bank.fit(members)
    decoders = [bank.load(member) for member in members]
    photos = [folder.read(key) for key in bank.keys[: len(members)]]
    side = min(_LARGEST_PX, *(length for photo in photos for length in photo.shape[:2]))
    photos = [np.ascontiguousarray(photo[:side, :side]) for photo in photos]
    generator = SimulatedGenerator("nearest_conv", np.stack(photos), seed=0, strength=0.5)

    def pair(photo: Image, number: int) -> object:
        return make_pair(photo, decoders[number], np.random.default_rng(number))

    def measure(make: Callable[[Image, int], object]) -> Callable[[int], float]:
        return lambda _: len(photos) / time_call(lambda: [make(photo, number) for number, photo in enumerate(photos)])

    return take_turns(
        {"random_decoder": measure(lambda photo, _: generator.imitate(photo)), "pairs": measure(pair)}, rounds
    )
