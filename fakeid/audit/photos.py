"""Check that training photos are photos, and not all from one program."""

import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from fakeid.errors import BadImageError
from fakeid.images.file_facts import LOSSY, FileFacts, read_file_facts

# Marks that programs and services write into generated files. C2PA manifests and the IPTC's photo metadata share the
# first one ("Digital Source Type", 2021); the others are keys and names of single programs.
_MARKS: Final = {
    rb"trainedAlgorithmicMedia": "the digital source type trainedAlgorithmicMedia",
    rb"tEXtparameters\0": "the parameters of Stable Diffusion web UI",
    rb"(tEXt|iTXt)(sd-metadata|invokeai_metadata|Dream)\0": "the parameters of InvokeAI",
    rb"(tEXt|iTXt)workflow\0": "a workflow of ComfyUI",
    rb"(?i)stable diffusion|midjourney|dall[-\xb7\xc2 ]{1,3}e\b|novelai|adobe firefly": "the name of a generator",
}
_SEARCHED_BYTES: Final = 1 << 18  # at each end of a file: programs write before or after the pixels
_SAME_SHARE: Final = 0.95
_QUALITY_RANGE: Final = 2  # range of JPEG qualities that suggests a single program
_FEWEST: Final = 20  # fewest photos to draw a conclusion about all of them


def find_generator_mark(data: bytes) -> str | None:
    """Describe the mark that a generator has left in an image file; return None if there is none.

    The absence of a mark proves nothing: most services and every social network remove it.
    """
    ends = data[:_SEARCHED_BYTES] + data[max(_SEARCHED_BYTES, len(data) - _SEARCHED_BYTES) :]
    return next((name for mark, name in _MARKS.items() if re.search(mark, ends)), None)


def list_photo_warnings(files: Iterable[tuple[str, bytes]]) -> list[str]:
    """List warnings about photos that a detector should not be trained on.

    Args:
        files: Path and content of some of the photos; those that cannot be read are skipped.
    """
    facts, marks = [], {}
    for name, data in files:
        with contextlib.suppress(BadImageError):  # reported when images are packed
            facts.append(read_file_facts(data, name))
            if mark := find_generator_mark(data):
                marks[name] = mark
    return [*_warn_of_marks(marks, len(facts)), *_warn_of_one_codec(facts)]


def _warn_of_marks(marks: Mapping[str, str], num_files: int) -> list[str]:
    if not marks:
        return []
    name, mark = next(iter(marks.items()))
    warning = (
        f"{len(marks)} of {num_files} inspected photos were generated, or edited by a generator: "
        f"{name} has {mark} in its file. Remove them: a detector would learn that such images are real"
    )
    return [warning]


def _warn_of_one_codec(facts: list[FileFacts]) -> list[str]:
    for container in LOSSY:
        own = [each for each in facts if each.container == container]
        if len(facts) < _FEWEST or len(own) < _SAME_SHARE * len(facts):
            continue
        qualities = [each.jpeg_quality for each in own if each.jpeg_quality is not None]
        low, middle, high = np.percentile(qualities, (2.5, 50, 97.5)) if qualities else (0, 0, 0)
        if high - low > _QUALITY_RANGE or (container == "JPEG" and not qualities):
            continue
        kind = f"JPEG of quality {middle:.0f}" if container == "JPEG" else "WebP"
        warning = (
            f"nearly all of {len(facts)} inspected photos are {kind}, as if one program had written them: "
            "add photos from other cameras and programs, or count false positives on such photos before use"
        )
        return [warning]
    return []
