"""Five training steps of `protocol=paper`, compared with the authors' arithmetic written in plain torch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fakeid.models.backbones import get_classifier
from fakeid.models.pelee import PeleeNet
from fakeid.training.module import DetectorModule, compute_loss

STEPS = 5
KV = torch.tensor(
    [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]],
    dtype=torch.float64,
)


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())


class AuthorsDenseLayer(nn.Module):
    """Two branches, each with its own bottleneck."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.branch1a, self.branch1b = _conv(inputs, 64, 1), _conv(64, 16, 3)
        self.branch2a, self.branch2b, self.branch2c = _conv(inputs, 64, 1), _conv(64, 16, 3), _conv(16, 16, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.branch1b(self.branch1a(x)), self.branch2c(self.branch2b(self.branch2a(x)))], 1)


class AuthorsPelee(nn.Module):
    """The network of Lee & Park 2021: fixed filter, two outputs, internal softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.stem1, self.stem2a, self.stem2b = _conv(1, 32, 3, 2), _conv(32, 16, 1), _conv(16, 32, 3, 2)
        self.stem3 = _conv(64, 32, 1)
        blocks: list[nn.Module] = []
        channels = 32
        for stage, layers in enumerate((3, 4, 8, 6)):
            for _ in range(layers):
                blocks.append(AuthorsDenseLayer(channels))
                channels += 32
            blocks.append(_conv(channels, channels, 1))
            if stage < 3:
                blocks.append(nn.AvgPool2d(2, 2))
        self.features = nn.Sequential(*blocks)
        self.classifier = nn.Linear(704, 2)

    def forward(self, rgb: Tensor) -> Tensor:
        x = F.conv2d(rgb, (KV / 12).expand(1, 3, 5, 5))
        x = self.stem1(x)
        x = self.stem3(torch.cat([F.max_pool2d(x, 2, 2), self.stem2b(self.stem2a(x))], 1))
        return F.softmax(self.classifier(self.features(x).mean((2, 3))), dim=1)


def _copy(ours: PeleeNet, theirs: AuthorsPelee) -> None:
    """Copy our weights to the authors' network; the two rows of its last layer differ by our single row."""
    pairs = [
        (ours.stem.first, theirs.stem1), (ours.stem.conv_branch[0], theirs.stem2a),
        (ours.stem.conv_branch[1], theirs.stem2b), (ours.stem.merge, theirs.stem3),
    ]  # fmt: skip
    own = [block for stage in ours.stages for block in stage if not isinstance(block, nn.AvgPool2d)]
    others = [block for block in theirs.features if not isinstance(block, nn.AvgPool2d)]
    for mine, other in zip(own, others, strict=True):
        if not isinstance(other, AuthorsDenseLayer):
            pairs.append((mine, other))
            continue
        for half, branch in ((slice(0, 64), other.branch1a), (slice(64, 128), other.branch2a)):
            branch[0].weight.data = mine.bottlenecks[0].weight.data[half].clone()
        pairs += [(mine.near, other.branch1b), (mine.far[0], other.branch2b), (mine.far[1], other.branch2c)]
    for mine, other in pairs:
        other.load_state_dict(mine.state_dict())
    last = get_classifier(ours)
    for mine, rows in ((last.weight, theirs.classifier.weight), (last.bias, theirs.classifier.bias)):
        rows.data[1] = rows.data[0] + mine.data[0]


def test_five_steps_are_those_of_the_authors_code() -> None:
    torch.manual_seed(1)
    module = DetectorModule({}, loss="softmax_ce", learning_rate=0.001)
    backbone = module.detector.backbone.double()
    theirs = AuthorsPelee().double()
    assert isinstance(backbone, PeleeNet)
    _copy(backbone, theirs)
    ours_optimizer = module.configure_optimizers()
    their_optimizer = torch.optim.Adam(theirs.parameters(), lr=0.001)
    for step in range(STEPS):
        rgb = torch.rand(6, 3, 68, 68, dtype=torch.float64, generator=torch.Generator().manual_seed(step))
        labels = torch.tensor([0, 1, 1, 0, 1, 0])
        logits = backbone(F.conv2d(rgb.sum(1, keepdim=True), KV[None, None] / 12)).squeeze(1)
        loss = compute_loss("softmax_ce", logits, labels)
        outputs = theirs(rgb)
        expected = nn.CrossEntropyLoss()(outputs, labels)
        torch.testing.assert_close(loss, expected, rtol=1e-6, atol=0)
        torch.testing.assert_close(torch.sigmoid(logits), outputs[:, 1], rtol=1e-5, atol=1e-7)
        for optimizer, value in ((ours_optimizer, loss), (their_optimizer, expected)):
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    rows = theirs.classifier.weight
    torch.testing.assert_close(get_classifier(backbone).weight[0], rows[1] - rows[0], rtol=0, atol=1e-6)
    torch.testing.assert_close(backbone.stem.first[0].weight, theirs.stem1[0].weight, rtol=0, atol=1e-6)


def test_a_first_step_of_the_last_layer_is_two_learning_rates() -> None:
    module = DetectorModule({}, learning_rate=0.001)
    before = [weight.detach().clone() for weight in module.parameters()]
    optimizer = module.configure_optimizers()
    module(torch.randint(0, 256, (4, 3, 68, 68), dtype=torch.uint8)).sum().backward()
    optimizer.step()
    last = {id(weight) for weight in get_classifier(module.detector.backbone).parameters()}
    moved = {
        is_last: max(
            (now - then).abs().max().item()
            for now, then in zip(module.parameters(), before, strict=True)
            if (id(now) in last) == is_last
        )
        for is_last in (True, False)
    }
    assert abs(moved[True] - 0.002) < 1e-6
    assert abs(moved[False] - 0.001) < 1e-6
