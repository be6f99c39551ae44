"""Processes are threads here, and their sum is taken at a barrier: one batch in shares against the same batch whole."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import pytest
import torch
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from fakeid.models.pelee import PeleeNet
from fakeid.training.sync_norm import SyncedBatchNorm


def run_together(monkeypatch: pytest.MonkeyPatch, work: list[Callable[[], Tensor]]) -> list[Tensor]:
    """Each piece of work in a thread of its own, with an `all_reduce` among them."""
    barrier, local = threading.Barrier(len(work), timeout=60), threading.local()
    sent: list[Tensor] = [torch.empty(0)] * len(work)

    def all_reduce(values: Tensor) -> None:
        sent[local.rank] = values.clone()
        barrier.wait()
        values.copy_(sum(sent[1:], sent[0]))
        barrier.wait()

    def run(rank: int) -> Tensor:
        local.rank = rank
        return work[rank]()

    monkeypatch.setattr("torch.distributed.all_reduce", all_reduce)
    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, range(len(work))))


def check_shares(monkeypatch: pytest.MonkeyPatch, network: nn.Module, x: Tensor, sizes: list[int]) -> None:
    whole, replicas = deepcopy(network), [deepcopy(network) for _ in sizes]
    shares = [share.clone().requires_grad_() for share in x.split(sizes)]

    def work(replica: nn.Module, share: Tensor) -> Tensor:
        with SyncedBatchNorm():
            output: Tensor = replica(share)
        output.square().sum().backward()
        return output.detach()

    outputs = run_together(monkeypatch, [lambda pair=pair: work(*pair) for pair in zip(replicas, shares, strict=True)])
    x = x.clone().requires_grad_()
    expected = whole(x)
    expected.square().sum().backward()
    torch.testing.assert_close(torch.cat(outputs), expected)
    torch.testing.assert_close(torch.cat([share.grad for share in shares]), x.grad)
    for name, weight in whole.named_parameters():
        grads = [dict(replica.named_parameters())[name].grad for replica in replicas]
        torch.testing.assert_close(sum(grads), weight.grad, msg=lambda text, name=name: f"{name}: {text}")
    for replica in replicas:
        torch.testing.assert_close(dict(replica.named_buffers()), dict(whole.named_buffers()))


@pytest.mark.parametrize("sizes", [[4, 3], [1, 1, 5], [7, 0], [3, 3, 1, 0]])
def test_shares_of_any_size_give_what_the_whole_batch_gives(monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.BatchNorm2d(2), nn.Conv2d(2, 4, 3), BatchNormAct2d(4, eps=0.01), nn.Conv2d(4, 3, 1),
        nn.BatchNorm2d(3, affine=False, momentum=0.3), nn.Flatten(), nn.BatchNorm1d(3 * 9, track_running_stats=False),
    ).double()  # fmt: skip
    x = 5 + 3 * torch.randn(7, 2, 5, 5, dtype=torch.float64)
    check_shares(monkeypatch, network, x, sizes)


@pytest.mark.slow
def test_a_whole_pelee_too(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    check_shares(monkeypatch, PeleeNet(1).double(), torch.randn(5, 1, 48, 48, dtype=torch.float64), [3, 2])


def test_bf16_is_normalized_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    x = (100 + torch.randn(64, 1, 8, 8)).bfloat16().contiguous(memory_format=torch.channels_last)
    norm = nn.BatchNorm2d(1)

    def work() -> Tensor:
        with SyncedBatchNorm():
            return norm(x)

    (output,) = run_together(monkeypatch, [work])
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output, nn.BatchNorm2d(1)(x))


def test_evaluation_is_left_alone() -> None:
    norm, x = nn.BatchNorm2d(3).eval(), torch.randn(2, 3, 4, 4)
    with SyncedBatchNorm():  # no process group: it would fail if asked
        torch.testing.assert_close(norm(x), x / (1 + norm.eps) ** 0.5)
