import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fakeid.errors import ConfigError
from fakeid.models.pelee import PeleeNet


def _count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _input(px: int, device: torch.device, batch: int = 2) -> torch.Tensor:
    return torch.randn(batch, 1, px, px, generator=torch.Generator().manual_seed(2)).to(device)


def _pelee(device: torch.device, **options: object) -> PeleeNet:
    torch.manual_seed(3)
    return PeleeNet(1, **options).to(device)


@pytest.mark.parametrize(
    ("in_channels", "bottleneck", "num_outputs", "expected"),
    [
        (1, "wide", 1, 2_240_289),
        (1, "wide", 2, 2_240_994),  # the code of Lee & Park 2021
        (3, "published", 1000, 2_802_248),  # the code of Wang et al. 2018
        (3, "published", 2, 2_098_658),
    ],
)
def test_parameter_counts_are_the_authors(in_channels: int, bottleneck: str, num_outputs: int, expected: int) -> None:
    with torch.device("meta"):
        assert _count(PeleeNet(in_channels, bottleneck=bottleneck, num_outputs=num_outputs)) == expected


def test_shapes_stage_by_stage(device: torch.device) -> None:
    network = _pelee(device).eval()
    x = network.stem(_input(252, device, batch=1))
    assert x.shape == (1, 32, 63, 63)
    for stage, channels, px in zip(network.stages, (128, 256, 512, 704), (31, 15, 7, 7), strict=True):
        x = stage(x)
        assert x.shape == (1, channels, px, px)
    assert network.classifier.in_features == 704


def test_one_logit_for_each_image(device: torch.device) -> None:
    network = _pelee(device).eval()
    batch = _input(40, device, batch=3)
    logits = network(batch)
    assert logits.shape == (3, 1)
    torch.testing.assert_close(network(batch[1:2]), logits[1:2], rtol=1e-3, atol=1e-5)


def test_dense_layer_is_two_separate_branches(device: torch.device) -> None:
    layer = _pelee(device).eval().stages[1][0]
    bottleneck, norm, _ = layer.bottlenecks
    x = torch.rand(2, 128, 6, 6, device=device)
    branches = []
    for half, branch in ((slice(0, 64), layer.near), (slice(64, 128), layer.far)):
        y = F.conv2d(x, bottleneck.weight[half])
        y = F.batch_norm(y, norm.running_mean[half], norm.running_var[half], norm.weight[half], norm.bias[half])
        branches.append(branch(y.relu()))
    torch.testing.assert_close(layer(x), torch.cat((x, *branches), 1), rtol=1e-4, atol=1e-5)
    assert [branch.shape[1] for branch in branches] == [16, 16]


def test_published_bottlenecks_follow_the_published_widths() -> None:
    stages = PeleeNet(3, bottleneck="published").stages
    assert [stage[0].near[0].in_channels for stage in stages] == [16, 32, 64, 64]
    assert [stage[0].near[0].in_channels for stage in PeleeNet(3).stages] == [64, 64, 64, 64]


def test_weights_start_with_the_published_variance() -> None:
    layer = _pelee(torch.device("cpu"), init="published").stages[3][0]
    assert layer.bottlenecks[0].weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.02)
    assert layer.near[0].weight.std().item() == pytest.approx((2 / (9 * 16)) ** 0.5, rel=0.03)


def test_weights_start_as_torch_makes_them_in_the_papers_code() -> None:
    network = _pelee(torch.device("cpu"))
    for weight, fan_in in ((network.stages[3][0].bottlenecks[0].weight, 512), (network.classifier.weight, 704)):
        assert weight.abs().max().item() <= fan_in**-0.5  # uniform up to this bound
        assert weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.05)


@pytest.mark.parametrize("bottleneck", ["wide", "published"])
def test_every_parameter_gets_a_gradient(bottleneck: str, device: torch.device) -> None:
    network = _pelee(device, bottleneck=bottleneck)
    network(_input(64, device)).square().sum().backward()
    without = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert not without


@pytest.mark.parametrize("dropout_at", ["branches", "classifier"])
def test_dropout_acts_in_training_and_not_in_evaluation(dropout_at: str, device: torch.device) -> None:
    network = _pelee(device, dropout=0.5, dropout_at=dropout_at)
    batch = _input(64, device)
    assert not torch.equal(network(batch), network(batch))
    network.eval()
    assert torch.equal(network(batch), network(batch))


def test_dropout_on_branches_acts_on_both_outputs_and_not_on_the_layer_input(device: torch.device) -> None:
    layer = _pelee(device, dropout=0.5, dropout_at="branches").stages[0][0]
    branches: list[torch.Tensor] = []
    for branch in (layer.near, layer.far):
        branch.register_forward_hook(lambda _, __, out: branches.append(out))
    x = torch.rand(8, 32, 12, 12, device=device)
    unchanged, near, far = layer(x).split((32, 16, 16), dim=1)
    assert torch.equal(unchanged, x)
    for before, after in zip(branches, (near, far), strict=True):
        active = before > 0
        lost = active & (after == 0)
        assert lost.sum().item() / active.sum().item() == pytest.approx(0.5, abs=0.05)
        torch.testing.assert_close(after[~lost], 2 * before[~lost])


def test_dropout_at_the_classifier_leaves_the_features_alone(device: torch.device) -> None:
    network = _pelee(device, dropout=0.5, dropout_at="classifier")
    batch = _input(64, device)
    torch.testing.assert_close(network.stages(network.stem(batch)), network.stages(network.stem(batch)))
    seen: list[torch.Tensor] = []
    network.classifier.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(_input(64, device, batch=16))
    assert (seen[0] == 0).float().mean().item() == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("px", [29, 33, 60, 63])
def test_small_and_odd_sizes_work(px: int, device: torch.device) -> None:
    assert _pelee(device)(_input(px, device)).isfinite().all()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ConfigError, match="bottleneck must be wide or published, got 'narrow'"):
        PeleeNet(1, bottleneck="narrow")
    with pytest.raises(ConfigError, match="dropout_at must be branches or classifier, got 'stem'"):
        PeleeNet(1, dropout_at="stem")
    with pytest.raises(ConfigError, match="init must be torch or published, got 'zeros'"):
        PeleeNet(1, init="zeros")
