"""Find out whether reals and fakes come to a test with different codecs behind them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from fakeid.audit.pixels import compute_pixel_facts
from fakeid.data.image_sets import ImageSet
from fakeid.data.packed import PackedImages
from fakeid.evaluation.intervals import rank_intervals
from fakeid.vocabulary import FAKE, LABEL_NAMES, REAL

_LOSSY: Final = (".jpg", ".jpeg", ".webp")
_LEAST_GAP: Final = 0.5  # between the shares of lossy files
_LEAST_AUROC: Final = 0.6  # from which on the audit warns too
_LOOKED_AT: Final = 200  # images of each class


def compare_codecs(sets: Sequence[tuple[ImageSet, PackedImages]]) -> str | None:
    """Say how the files of the two classes differ; None where they are alike.

    Looks at the endings of the files' names, and for the edges of JPEG's 8 x 8 blocks at the pixels.

    Args:
        sets: With their prepared images; controls are left out.
    """
    judged = [(part, packed) for part, packed in sets if not part.control]
    lossy = [
        [record.key.lower().endswith(_LOSSY) for part, _ in judged for record in part.records if record.label == label]
        for label in (REAL, FAKE)
    ]
    if not all(lossy):
        return None
    shares = [float(np.mean(found)) for found in lossy]
    if abs(shares[0] - shares[1]) > _LEAST_GAP:
        told = " and ".join(
            f"{100 * share:.0f} % of the {name}s" for name, share in zip(LABEL_NAMES, shares, strict=True)
        )
        return f"JPEG or WebP files are {told}"
    return _compare_blocks(judged)


def _compare_blocks(sets: Sequence[tuple[ImageSet, PackedImages]]) -> str | None:
    blockiness = []
    for label in (REAL, FAKE):
        keys = [(packed, r.key) for part, packed in sets for r in part.records
                if r.label == label and r.key not in packed.skipped]  # fmt: skip
        spread = keys[:: max(1, len(keys) // _LOOKED_AT)]
        images = (packed.take(packed.locate([key]))[0] for packed, key in spread)
        blockiness.append([compute_pixel_facts(image)["blockiness"] for image in images])
    labels = np.repeat([REAL, FAKE], [len(found) for found in blockiness])
    low, high = rank_intervals(labels, np.concatenate(blockiness), seed=0)[0]
    if low > _LEAST_AUROC or high < 1 - _LEAST_AUROC:
        more = "fakes" if low > _LEAST_AUROC else "reals"
        return f"the {more} show JPEG's 8 x 8 blocks more than the others do"
    return None
