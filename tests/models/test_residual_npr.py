import cv2
import numpy as np
import pytest
import torch

from fakeid.models.residuals import build_residual


def test_worked_example(device: torch.device) -> None:
    image = torch.tensor([[1.0, 2.0, 5.0], [4.0, 8.0, 3.0], [7.0, 9.0, 6.0]], device=device)
    expected = [[0, 1, 0], [3, 7, -2], [0, 2, 0]]
    assert build_residual("npr", 1)(image.expand(1, 1, 3, 3))[0, 0].tolist() == expected


@pytest.mark.parametrize("shape", [(8, 12), (32, 2)])
def test_agrees_with_opencv(shape: tuple[int, int], device: torch.device) -> None:
    image = torch.rand(2, 4, *shape, generator=torch.Generator().manual_seed(1))
    ours = build_residual("npr", 4)(image.to(device)).cpu().numpy()
    for batch_index, channel in np.ndindex(2, 4):
        plane = image[batch_index, channel].numpy()
        half = cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_NEAREST)
        whole = cv2.resize(half, shape[::-1], interpolation=cv2.INTER_NEAREST)
        np.testing.assert_array_equal(ours[batch_index, channel], plane - whole)


@pytest.mark.parametrize("shape", [(7, 8), (8, 7), (7, 9), (3, 3)])
def test_odd_sizes_keep_the_cells_of_even_ones(shape: tuple[int, int], device: torch.device) -> None:
    height, width = shape
    image = torch.rand(1, 3, height + 1, width + 1, generator=torch.Generator().manual_seed(1)).to(device)
    even = image[..., : (height + 1) // 2 * 2, : (width + 1) // 2 * 2]
    residual = build_residual("npr", 3)
    assert torch.equal(residual(image[..., :height, :width]), residual(even)[..., :height, :width])


def test_nearest_up_sampling_leaves_nothing(device: torch.device) -> None:
    image = torch.rand(1, 3, 5, 6, generator=torch.Generator().manual_seed(1)).to(device)
    up_sampled = image.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert build_residual("npr", 3)(up_sampled).count_nonzero() == 0
    assert build_residual("npr", 3)(up_sampled[..., 1:, :]).count_nonzero() > 0  # an unaligned grid


def test_stays_within_its_stated_range(device: torch.device) -> None:
    board = (torch.arange(4).view(4, 1) + torch.arange(4)) % 2.0
    signed = torch.stack((board, 1 - board)).expand(1, 2, 4, 4).to(device)
    residual = build_residual("npr", 2)(signed)
    assert (residual.min().item(), residual.max().item()) == (-1, 1)
