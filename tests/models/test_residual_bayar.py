import numpy as np
import pytest
import torch
from scipy import ndimage

from fakeid.models.residuals.bayar import ConstrainedResidual


def build(device: torch.device, *, sum_channels: bool = True, reflect: bool = False) -> ConstrainedResidual:
    torch.manual_seed(3)
    return ConstrainedResidual(3, sum_channels=sum_channels, reflect=reflect).to(device)


def assert_constrained(residual: ConstrainedResidual) -> None:
    filters = residual.constrain().detach().cpu().double().numpy()
    np.testing.assert_array_equal(filters[..., 2, 2], -1)
    np.testing.assert_allclose(filters.sum((-1, -2)), 0, atol=1e-5)


@pytest.mark.parametrize("sum_channels", [True, False])
@pytest.mark.parametrize("reflect", [True, False])
def test_agrees_with_scipy(sum_channels: bool, reflect: bool, device: torch.device) -> None:
    residual = build(device, sum_channels=sum_channels, reflect=reflect)
    image = torch.rand(2, 3, 11, 8, generator=torch.Generator().manual_seed(1))
    weight = residual.weight.detach().cpu().double().numpy().reshape(3, 3, 24)  # (filter or channel, channel or filter)
    moved = weight + (1 - weight.sum(-1, keepdims=True)) / 24
    filters = np.insert(moved, 12, -1, axis=-1).reshape(3, 3, 5, 5)
    if not sum_channels:
        filters = filters.swapaxes(0, 1)
    each = np.stack(
        [
            [
                [ndimage.correlate(channel, filters[i, c], mode="mirror") for i in range(3)]
                for c, channel in enumerate(channels)
            ]
            for channels in image.double().numpy()
        ]
    )  # (N, C, 3, H, W)
    expected = each.sum(1) if sum_channels else each.reshape(2, 9, 11, 8)
    if not reflect:
        expected = expected[..., 2:-2, 2:-2]
    # TF32 would be off by 1e-3, bf16 by 1e-2.
    np.testing.assert_allclose(residual(image.to(device)).detach().cpu().numpy(), expected, rtol=0, atol=3e-6)


def test_the_seed_decides_where_it_starts(device: torch.device) -> None:
    first, second = build(device), build(device)
    other = ConstrainedResidual(3, sum_channels=True, reflect=False).to(device)
    assert torch.equal(first.weight, second.weight)
    assert not torch.equal(first.weight, other.weight)
    filters = first.constrain()
    assert len(torch.unique(filters.flatten(2), dim=1)[0]) == 3  # three different filters


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_every_step_keeps_the_constraint(optimizer: type[torch.optim.Optimizer], device: torch.device) -> None:
    residual = build(device, sum_channels=False)
    assert_constrained(residual)
    before = residual.constrain().detach().clone()
    image = torch.rand(2, 3, 11, 8, generator=torch.Generator().manual_seed(1)).to(device)
    steps = optimizer(residual.parameters(), lr=0.5)
    for _ in range(5):
        steps.zero_grad()
        residual(image).square().mean().backward()
        steps.step()
        assert_constrained(residual)
    assert (residual.constrain() - before).abs().max() > 0.01


def test_a_sum_near_zero_does_no_harm(device: torch.device) -> None:
    residual = build(device)
    with torch.no_grad():
        residual.weight -= residual.weight.mean(-1, keepdim=True)
    assert_constrained(residual)
    assert residual.constrain().abs().max() <= 1


def test_learns_to_predict_a_pixel(device: torch.device) -> None:
    """In an image with period 2, the neighbor two pixels away has the same value."""
    residual = build(device)
    cell = torch.rand(4, 3, 2, 2, generator=torch.Generator().manual_seed(1)).to(device)
    image = cell.repeat(1, 1, 5, 5)
    steps = torch.optim.Adam(residual.parameters(), lr=0.01)
    start = residual(image).square().mean().item()
    for _ in range(80):
        steps.zero_grad()
        loss = residual(image).square().mean()
        loss.backward()
        steps.step()
    assert loss.item() < start / 100


def test_stays_within_its_stated_range(device: torch.device) -> None:
    residual = build(device, sum_channels=False)
    filters = residual.constrain().detach()
    brightest = (filters > 0).float().view(3, 3, 1, 5, 5)  # (C, filter, 1, 5, 5)
    for channel in range(3):
        for index in range(3):
            negative = -filters.view(3, 3, 5, 5)[channel, index].clamp(max=0).sum() - 1
            image = brightest[channel, index].expand(1, 3, 5, 5)
            response = residual(image)[0].view(3, 3)[channel, index]
            assert response.item() == pytest.approx(1 + negative.item(), abs=1e-5)
            assert residual(1 - image)[0].view(3, 3)[channel, index].item() == pytest.approx(-response.item(), abs=1e-5)
