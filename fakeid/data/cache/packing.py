"""Turn records into packs of prepared images, in worker processes."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from fakeid.data.cache.packs import Pack, write_pack
from fakeid.data.records import Record
from fakeid.data.sources.base import Source
from fakeid.errors import BadImageError, UnreadableImageError
from fakeid.images.codecs import shared_codec
from fakeid.images.hashing import Fingerprint, fingerprint
from fakeid.images.resize import prepare_image
from fakeid.processes import run_in_workers
from fakeid.seeding import derive_seed

_LESS_MEMORY: Final = "lower data.max_megapixels, or let fewer cores prepare images (taskset -c 0,1 python ...)"


@dataclass(frozen=True)
class Preparation:
    """How the images of both classes are brought to one form.

    Attributes:
        image_px: Side of the square result, in pixels.
        prep: `crop`, `squash` or `center_crop`; see `fakeid.images.resize`.
        codec: `none`, or `shared` for JPEG at a random quality per image, drawn from the same range for both classes.
        codec_quality: Lowest and highest of these qualities; None without a codec.
    """

    image_px: int
    prep: str
    codec: str
    codec_quality: tuple[int, int] | None = None

    def describe(self) -> dict[str, Any]:
        """Describe the preparation by plain values that change with the pixels, for the identity of the cache."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def pack_images(source: Source, records: list[Record], preparation: Preparation, skip_bad: bool) -> Pack:
    """Read and prepare the images of some records.

    Args:
        source: Source that reads the images.
        records: Records of the images.
        preparation: How each image is prepared.
        skip_bad: Whether to list unusable images in `skipped` or `unreadable` instead of raising at the first.

    Raises:
        BadImageError: An image is unusable and `skip_bad` is false.
    """
    side = preparation.image_px
    images = np.empty((len(records), side, side, 3), np.uint8)
    prints: list[Fingerprint] = []
    keys: list[str] = []
    skipped: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    for record in records:
        try:
            rgb_u8 = prepare_image(source.read(record), side, preparation.prep, name=record.key)
        except BadImageError as error:
            if not skip_bad:
                raise BadImageError(f"{error}; data.on_bad_image=skip leaves such images out") from error
            reasons = unreadable if isinstance(error, UnreadableImageError) else skipped
            reasons[record.key] = str(error)
            continue
        prints.append(fingerprint(rgb_u8))  # before the codec, which may compress equal images at different qualities
        if preparation.codec_quality is not None:
            rgb_u8 = shared_codec(rgb_u8, derive_seed("codec", record.key), preparation.codec_quality)
        images[len(keys)] = rgb_u8
        keys.append(record.key)
    digests, phashes = [found.digest for found in prints], [f"{found.phash:016x}" for found in prints]
    views = ["".join(f"{view:016x}" for view in found.views) for found in prints]
    return Pack(images[: len(keys)], keys, digests, phashes, views, skipped, unreadable=unreadable)


def pack_in_parallel(
    folder: Path, source: Source, chunks: Sequence[list[Record]], preparation: Preparation, skip_bad: bool
) -> Iterator[tuple[int, dict[str, str]]]:
    """Pack each chunk into `folder`, in one worker process per core.

    The workers write the packs themselves, because sending images between processes costs more. A single chunk is
    packed in this process, because starting a worker costs even more.

    Yields:
        The number of images in a chunk, once it is written, and its `Pack.unreadable`.

    Raises:
        BadImageError: An image is unusable and `skip_bad` is false.
        OSError: The folder cannot be written to.
        WorkerError: The system ended a worker.
    """
    jobs = [(folder, source, chunk, preparation, skip_bad) for chunk in chunks]
    yield from run_in_workers(_pack_chunk, jobs, task="prepares images", way_out=_LESS_MEMORY)


def _pack_chunk(
    folder: Path, source: Source, records: list[Record], preparation: Preparation, skip_bad: bool
) -> tuple[int, dict[str, str]]:
    pack = pack_images(source, records, preparation, skip_bad)
    if pack.keys or pack.skipped:
        write_pack(folder, pack)
    return len(records), pack.unreadable
