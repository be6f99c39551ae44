"""Batch normalization over the batch of all processes, on any device and in any network."""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.overrides import TorchFunctionMode


class SyncedBatchNorm(TorchFunctionMode):
    """Within it, `F.batch_norm` in training takes mean and variance over the images of all processes.

    All must run the same layers in the same order; the share of a process may be empty. `torch.nn.SyncBatchNorm` does
    the same on GPUs only, and its layers take the place of others, such as timm's that end with an activation.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is F.batch_norm and kwargs.get("training"):
            return _batch_norm(*args, **{name: value for name, value in kwargs.items() if name != "training"})
        return func(*args, **kwargs)


def _batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None,
    bias: Tensor | None,
    momentum: float,
    eps: float,
) -> Tensor:
    normalized, mean, variance, count = _Normalize.apply(x, eps)
    if running_mean is not None and running_var is not None:
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        running_var.lerp_((variance * count / (count - 1)).to(running_var.dtype), momentum)
    if weight is not None:
        normalized = normalized * _along_channels(weight, x)
    if bias is not None:
        normalized = normalized + _along_channels(bias, x)
    result: Tensor = normalized.to(x.dtype)
    return result


class _Normalize(torch.autograd.Function):
    """(N, C, …) → the same with mean 0 and variance 1 a channel, and mean (C,), variance (C,) and count of all."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        dims = [0, *range(2, x.ndim)]
        own_count = wide.new_tensor([x.numel() // x.shape[1]])
        sums = _sum_over_processes(torch.cat([wide.sum(dims), own_count]))  # (C + 1,)
        count = sums[-1]
        mean = sums[:-1] / count
        centered = wide - _along_channels(mean, x)
        # A second pass: the difference of two large sums would lose what is to be computed.
        variance = _sum_over_processes(centered.square().sum(dims)) / count
        scale = (variance + eps).rsqrt()
        normalized = centered * _along_channels(scale, x)
        ctx.save_for_backward(normalized, scale, count)
        ctx.mark_non_differentiable(mean, variance, count)
        return normalized, mean, variance, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Any) -> tuple[Tensor, None]:
        """Ioffe & Szegedy 2015, section 3, with the sums over all processes."""
        normalized, scale, count = ctx.saved_tensors
        dims = [0, *range(2, grad.ndim)]
        sums = _sum_over_processes(torch.stack([grad.sum(dims), (grad * normalized).sum(dims)])) / count
        rest = grad - _along_channels(sums[0], grad) - normalized * _along_channels(sums[1], grad)
        return rest * _along_channels(scale, grad), None


def _along_channels(values: Tensor, like: Tensor) -> Tensor:
    return values.view(1, -1, *[1] * (like.ndim - 2))  # (C,) → (1, C, 1, …)


def _sum_over_processes(values: Tensor) -> Tensor:
    dist.all_reduce(values)
    return values
