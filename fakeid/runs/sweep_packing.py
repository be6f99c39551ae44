"""How long the images of a grid take to be packed, once."""

import math
import os
import tempfile
from pathlib import Path
from typing import Final

from fakeid.benchmarks.harness import time_call
from fakeid.benchmarks.photos import Photos, draw_photos
from fakeid.data.packing import pack_images
from fakeid.runs.sweep_images import GridImages, ToPack

_SAMPLE: Final = 64


def estimate_packing_seconds(images: GridImages) -> float:
    """Seconds on all cores, from the packing of 64 images of each cache on one.

    Images that are counted from budgets are taken for JPEG files of 256 px, which LSUN's are at their shorter side.

    Args:
        images: What is to be packed.
    """
    there = sum(len(each.records) for each in images.to_pack)
    seconds = sum(len(each.records) / _measure_rate(each) for each in images.to_pack if each.records)
    if images.num_to_pack > there:
        seconds += (images.num_to_pack - there) / _measure_photo_rate()
    return seconds / _count_cores()


def _measure_rate(each: ToPack) -> float:
    """Images per second on one core."""
    records = list(each.records.values())
    records = records[:: math.ceil(len(records) / _SAMPLE)]
    return len(records) / time_call(pack_images, each.source, records, each.preparation, True)


def _measure_photo_rate() -> float:
    with tempfile.TemporaryDirectory(prefix="fakeid-benchmark-") as folder:
        return Photos(Path(folder), draw_photos(_SAMPLE)).measure_reading(1)["pack"]


def _count_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
