"""Tiny trees in the genuine formats: LSUN's databases, ProGAN's archives, and two trees of reals beside fakes.

Every image is a different random texture, determined by category, class, number and seed. Fakes are up-sampled from
half their size, so that a detector has something to find.
"""

import hashlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import lmdb
import numpy as np
import numpy.typing as npt

from fakeid.config.constants import FAKE, LABEL_NAMES, LSUN_CATEGORIES, LSUN_SCENES, REAL


def draw_texture(category: str, label: int, number: int, size: tuple[int, int], seed: int = 0) -> npt.NDArray[np.uint8]:
    """Draw soft blobs under fine noise, tinted by category, as RGB uint8 (H, W, 3) for a size of (W, H)."""
    rng = np.random.default_rng([seed, zlib.crc32(category.encode()), label, number])
    width, height = size
    small = (width // 2, height // 2) if label == FAKE else size
    blobs = cv2.resize(rng.random((4, 4, 3), np.float32), small, interpolation=cv2.INTER_CUBIC)
    tint = np.random.default_rng(zlib.crc32(category.encode())).uniform(60, 180, 3)
    light = tint + 80 * (blobs - 0.5) + 12 * rng.standard_normal((small[1], small[0], 1))
    pixels = np.clip(light, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST))


def encode(rgb_u8: npt.NDArray[np.uint8], extension: str) -> bytes:
    """Encode an image in the format given by the extension."""
    return bytes(cv2.imencode(extension, cv2.cvtColor(rgb_u8, cv2.COLOR_RGB2BGR))[1])


def write_database(folder: Path, values: dict[str, bytes]) -> Path:
    """Write one LMDB folder."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    map_size = 2 * sum(map(len, values.values())) + 16384 * len(values) + (1 << 20)
    with lmdb.open(str(folder), map_size=map_size, sync=False) as env, env.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key.encode(), value)
    return folder


def write_lsun(
    root: Path, categories: Sequence[str], images_per_category: int, image_px: int = 64, seed: int = 0
) -> Path:
    """Write databases as unzipped: keys of 40 hexadecimal digits, values alternately WebP and JPEG, none square.

    The shorter side has `image_px`. For scenes, one image in four is in `NAME_val_lmdb`.
    """
    for category in categories:
        values = {}
        for number in range(images_per_category):
            longer = image_px * (4 + number % 3) // 3 + 1
            size = (longer, image_px) if number % 3 else (image_px, longer)
            image = draw_texture(category, REAL, number, size, seed)
            key = hashlib.sha1(f"{seed}/{category}/{number}".encode()).hexdigest()
            values[key] = encode(image, (".webp", ".jpg")[number % 2])
        if category in LSUN_SCENES:
            num_val = len(values) // 4
            write_database(root / f"{category}_val_lmdb", dict(list(values.items())[:num_val]))
            write_database(root / f"{category}_train_lmdb", dict(list(values.items())[num_val:]))
        else:
            write_database(root / category, values)
    return root


def write_progan(
    root: Path, categories: Sequence[str], images: int, image_px: int = 64, form: str = "zip", seed: int = 0
) -> Path:
    """Write samples under their published names as PNG, in a `zip`, a `tar` or a `folder`."""
    root.mkdir(parents=True, exist_ok=True)
    for category in categories:
        name = f"karras2018iclr-lsun-{category.replace('_', '').replace('-', '')}-256x256"
        files = {
            f"{name}/{number:07d}.png": encode(draw_texture(category, FAKE, number, (image_px,) * 2, seed), ".png")
            for number in range(images)
        }
        if form == "folder":
            write_files(root, files)
        else:
            write_archive(root / f"{name}.{form}", files)
    return root


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """Write a zip (members alternately stored and deflated) or a tar, according to the extension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for number, (name, data) in enumerate(files.items()):
                archive.writestr(name, data, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[number % 2])
    else:
        with tarfile.open(path, "w") as tar:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return path


def write_files(root: Path, files: dict[str, bytes]) -> Path:
    """Write files at their paths below the root."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def write_progan_train(
    root: Path, categories: Sequence[str], images_per_class: int, image_px: int = 64, seed: int = 0
) -> Path:
    """Write the tree of Wang et al. (2020): `CATEGORY/{0_real,1_fake}/NNNNN.png`."""
    for category in categories:
        for label, folder in ((REAL, "0_real"), (FAKE, "1_fake")):
            files = _draw_files(category, label, range(images_per_class), image_px, seed)
            names = (f"{category}/{folder}/{number:05d}.png" for number in range(images_per_class))
            write_files(root, dict(zip(names, files, strict=True)))
    return root


def write_add_k(
    root: Path, ks: Sequence[int], train_per_class: int, test_per_class: int, image_px: int = 64, seed: int = 0
) -> Path:
    """Write the authors' tree: `train(Add_K)/{real,fake}/CATEGORY_NUMBER.png`, `test/CATEGORY/{real,fake}/NUMBER.png`.

    `train(Add_K)` mixes `train_per_class // K` images per class from each of the first K categories; the test has all
    eleven categories, with other images.
    """
    for label in (REAL, FAKE):
        files = {}
        for k in ks:
            for category in LSUN_CATEGORIES[:k]:
                numbers = range(train_per_class // k)
                names = (f"train(Add_{k})/{LABEL_NAMES[label]}/{category}_{number}.png" for number in numbers)
                files |= dict(zip(names, _draw_files(category, label, numbers, image_px, seed), strict=True))
        for category in LSUN_CATEGORIES:
            numbers = range(train_per_class, train_per_class + test_per_class)
            names = (f"test/{category}/{LABEL_NAMES[label]}/{number}.png" for number in numbers)
            files |= dict(zip(names, _draw_files(category, label, numbers, image_px, seed), strict=True))
        write_files(root, files)
    return root


def _draw_files(category: str, label: int, numbers: Sequence[int], image_px: int, seed: int) -> Iterator[bytes]:
    return (encode(draw_texture(category, label, number, (image_px,) * 2, seed), ".png") for number in numbers)
