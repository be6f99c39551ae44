import numpy as np
import pytest
import pywt
import torch

from fakeid.models.residuals import build_residual


def test_worked_example(device: torch.device) -> None:
    image = torch.tensor([[1.0, 2.0, 5.0, 5.0], [4.0, 9.0, 3.0, 0.0]], device=device)
    residual = build_residual("dwt_hh", 1)(image.expand(1, 1, 2, 4))
    assert residual[0, 0].tolist() == [[(1 - 2 - 4 + 9) / 2, (5 - 5 - 3 + 0) / 2]]


@pytest.mark.parametrize("shape", [(8, 12), (7, 12), (8, 13), (9, 5)])
def test_agrees_with_pywavelets(shape: tuple[int, int], device: torch.device) -> None:
    image = torch.rand(2, 4, *shape, generator=torch.Generator().manual_seed(1))
    ours = build_residual("dwt_hh", 4)(image.to(device)).cpu().numpy()
    _, (_, _, diagonal) = pywt.dwt2(image.double().numpy(), "haar", mode="symmetric")
    height, width = shape[0] // 2, shape[1] // 2
    assert ours.shape == (2, 4, height, width)
    np.testing.assert_allclose(ours, diagonal[..., :height, :width], rtol=0, atol=1e-6)
    np.testing.assert_allclose(diagonal[..., height:, :], 0, atol=1e-12)  # what an odd row or column would contribute
    np.testing.assert_allclose(diagonal[..., width:], 0, atol=1e-12)


def test_rows_and_columns_leave_nothing(device: torch.device) -> None:
    generator = torch.Generator().manual_seed(1)
    stripes = torch.rand(1, 3, 8, 1, generator=generator) + torch.rand(1, 3, 1, 10, generator=generator)
    assert build_residual("dwt_hh", 3)(stripes.to(device)).abs().max() < 1e-6


def test_stays_within_its_stated_range(device: torch.device) -> None:
    board = (torch.arange(4).view(4, 1) + torch.arange(4)) % 2.0
    residual = build_residual("dwt_hh", 2)(torch.stack((board, 1 - board)).expand(1, 2, 4, 4).to(device))
    assert (residual.min().item(), residual.max().item()) == (-1, 1)
