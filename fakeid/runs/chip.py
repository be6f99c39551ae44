"""What the hardware computes at best, and how much of that a training needs for an image."""

import time
from statistics import median
from typing import Final

import torch
from torch.utils.flop_counter import FlopCounterMode

from fakeid.runs.benchmark_loops import set_up_process
from fakeid.training.module import DetectorModule, compute_loss

MATRIX_SIDE: Final = 4096
"""Of the product that stands for the best that the hardware does."""

_PRODUCTS: Final = 3
_BATCH: Final = 2  # what normalization over a batch needs; the count is the same for each image
_DTYPES: Final = {"float32": torch.float32, "bf16": torch.bfloat16}


def measure_products(precisions: tuple[str, ...], *, side: int, device: str, threads: int | None) -> dict[str, float]:
    """FLOP per second of a product of two square matrices, by precision: medians, after one that is not counted.

    Call it in a new process, for it sets threads and lets freed memory be kept.

    Args:
        precisions: Of `float32` and `bf16`.
        side: Of the matrices.
        device: `cuda`, `mps` or `cpu`.
        threads: Of torch on the CPU; None leaves its own choice.
    """
    set_up_process(threads, True)
    return {name: 2 * side**3 / median(_time_products(side, device, _DTYPES[name])) for name in precisions}


def _time_products(side: int, device: str, dtype: torch.dtype) -> list[float]:
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(_PRODUCTS + 1):
        start = time.perf_counter()
        torch.mm(left, right)[0, 0].item()  # waits for the device
        seconds.append(time.perf_counter() - start)
    return seconds[1:]


def count_flops(image_px: int) -> float:
    """FLOP of Pelee+HPF for one training image, forward and backward: those of convolutions and matrix products.

    Args:
        image_px: Side of the image, pixels.
    """
    module = DetectorModule({})
    rgb_u8 = torch.zeros(_BATCH, 3, image_px, image_px, dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        compute_loss("softmax_ce", module(rgb_u8), torch.tensor([0, 1])).backward()  # type: ignore[no-untyped-call]
    flops: int = counter.get_total_flops()
    return flops / _BATCH
