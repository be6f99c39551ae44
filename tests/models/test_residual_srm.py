import numpy as np
import pytest
import torch
from scipy import ndimage

from fakeid.models.residuals import build_residual
from fakeid.models.residuals.srm import SrmResidual

SECOND_DIFFERENCE = np.array([1, -2, 1])


def kernels() -> np.ndarray:
    """The kernels, (3, 5, 5)."""
    return SrmResidual(1, sum_channels=False, reflect=False).kernels[:, 0].double().numpy()


def respond(power_y: int, power_x: int) -> np.ndarray:
    """Return each kernel's response at the center of y^a x^b."""
    y, x = np.mgrid[-2:3, -2:3]
    return np.einsum("kyx,yx->k", kernels(), np.power(y, power_y) * np.power(x, power_x) * 1.0)


def test_kernels_are_second_differences_with_a_center_of_minus_one() -> None:
    square, kv, row = kernels()
    np.testing.assert_allclose(square[1:4, 1:4], -np.outer(SECOND_DIFFERENCE, SECOND_DIFFERENCE) / 4)
    np.testing.assert_allclose(row[2, 1:4], SECOND_DIFFERENCE / 2)
    assert np.abs(kernels()).sum((1, 2)) == pytest.approx([4, 8, 2])
    for kernel in (square, kv, row):
        assert kernel.sum() == pytest.approx(0, abs=1e-6)
        assert kernel[2, 2] == -1
        np.testing.assert_array_equal(kernel, kernel[::-1, ::-1])
    for kernel in (square, kv):
        np.testing.assert_array_equal(kernel, kernel.T)


def test_kernels_vanish_on_polynomials_up_to_their_order() -> None:
    for power in range(1, 6):  # powers of the row or of the column alone
        np.testing.assert_allclose(respond(power, 0)[:2], 0, atol=1e-5)
        np.testing.assert_allclose(respond(0, power)[:2], 0, atol=1e-5)
    np.testing.assert_allclose(respond(2, 2), [-1, -2, 0], atol=1e-5)
    np.testing.assert_allclose(respond(1, 1), 0, atol=1e-5)
    np.testing.assert_allclose(respond(0, 1)[2], 0, atol=1e-6)
    np.testing.assert_allclose(respond(0, 2)[2], 1)  # half of the second derivative


@pytest.mark.parametrize("channels", ["sum", "each"])
@pytest.mark.parametrize("border", ["valid", "reflect"])
def test_agrees_with_scipy(channels: str, border: str, device: torch.device) -> None:
    levels = torch.randint(100, 104, (2, 3, 11, 14), generator=torch.Generator().manual_seed(1))
    each = np.stack(
        [
            [[ndimage.correlate(channel, kernel, mode="mirror") for kernel in kernels()] for channel in image]
            for image in levels.double().numpy()
        ]
    )  # (N, C, 3, H, W)
    whole = each.sum(1) if channels == "sum" else each.reshape(2, 9, 11, 14)
    expected = np.clip(whole if border == "reflect" else whole[..., 2:-2, 2:-2], -2, 2)
    ours = build_residual("srm", 3, channels=channels, border=border).to(device)(levels.to(device) / 255)
    assert 0.05 < (np.abs(expected) == 2).mean() < 0.95  # some values are clipped, others are not
    # TF32 would be off by 0.1, bf16 by 1.
    np.testing.assert_allclose(ours.cpu().numpy(), expected, rtol=0, atol=3e-4)


def test_an_edge_says_no_more_than_two_levels(device: torch.device) -> None:
    edge = torch.zeros(1, 3, 9, 9, device=device)
    edge[..., 4:, 4:] = 1
    residual = build_residual("srm", 3).to(device)(edge)
    assert (residual.min().item(), residual.max().item()) == (-2, 2)
