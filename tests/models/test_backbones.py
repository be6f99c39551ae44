import pytest
import timm
import torch
import torch.nn.functional as F

from fakeid.errors import ConfigError
from fakeid.models.backbones import build_backbone, get_classifier
from fakeid.models.pelee import PeleeNet


def test_pelee_by_name() -> None:
    network = build_backbone("pelee", 3, bottleneck="published", dropout=0.2, dropout_at="classifier")
    assert isinstance(network, PeleeNet)
    assert network.dropout.p == 0.2
    assert network.stages[0][0].near[0].in_channels == 16


def test_legacy_xception_has_the_size_of_the_original() -> None:
    with torch.device("meta"):
        network = build_backbone("legacy_xception", 3)
    # 22,855,952 with 1000 classes (Chollet 2017, table 3), minus 999 outputs of 2048 weights and a bias.
    assert sum(p.numel() for p in network.parameters()) == 22_855_952 - 999 * 2049 == 20_809_001


def test_legacy_xception_drops_between_pool_and_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_backbone("legacy_xception", 3, dropout=0.3).eval()
    dropped: list[tuple[tuple[int, ...], float, bool]] = []

    def record(x: torch.Tensor, p: float, training: bool) -> torch.Tensor:
        dropped.append((tuple(x.shape), p, training))
        return x

    monkeypatch.setattr(F, "dropout", record)
    with torch.inference_mode():
        assert network(torch.rand(1, 3, 64, 64)).shape == (1, 1)
    assert dropped == [((1, 2048), 0.3, False)]


@pytest.mark.parametrize("in_channels", [1, 3, 4])
def test_any_timm_model_with_any_number_of_channels(in_channels: int) -> None:
    network = build_backbone("resnet18", in_channels, dropout=0.1).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, in_channels, 64, 64)).shape == (2, 1)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("resnet19", "resnet18"),
        ("pele", "pelee"),
        ("gacy_xc", "legacy_xception"),
        ("ResNet_18", "resnet18"),
        ("zzzzzz", "timm.list_models"),
    ],
)
def test_unknown_names_list_near_matches(name: str, near: str) -> None:
    expected = rf"model\.name must be pelee, color_stats or a timm model, got '{name}'; .*{near}"
    with pytest.raises(ConfigError, match=expected):
        build_backbone(name, 3)


@pytest.mark.parametrize("name", ["", "hf_hub:someone/something", "local-dir:/somewhere", "resnet18.no_such_tag"])
def test_other_ways_to_name_a_model_are_refused_without_network(name: str) -> None:
    with pytest.raises(ConfigError, match=r"model\.name"):
        build_backbone(name, 3)


def test_pretrained_without_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("Name or service not known\nwith more lines")

    monkeypatch.setattr(timm, "create_model", fail)
    with pytest.raises(ConfigError, match=r"\(Name or service not known\).*model\.pretrained=false$"):
        build_backbone("resnet18", 3, pretrained=True)


def test_pretrained_reaches_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def create(name: str, **options: object) -> torch.nn.Module:
        asked.update(options, name=name)
        return torch.nn.Identity()

    monkeypatch.setattr(timm, "create_model", create)
    build_backbone("resnet18", 4, dropout=0.2, logits="one", pretrained=True)
    assert asked == {"name": "resnet18", "num_classes": 1, "in_chans": 4, "drop_rate": 0.2, "pretrained": True}


@pytest.mark.parametrize("name", ["pelee", "legacy_xception"])
def test_two_logits_start_as_the_difference_of_two_outputs(name: str) -> None:
    torch.manual_seed(5)
    network = build_backbone(name, 3, logits="two")
    torch.manual_seed(5)
    two = PeleeNet(3, num_outputs=2) if name == "pelee" else timm.create_model(name, num_classes=2, in_chans=3)
    rows = two.get_classifier().weight
    torch.testing.assert_close(get_classifier(network).weight, rows[1:] - rows[:1])
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        outputs = two.eval()(x)
        torch.testing.assert_close(network.eval()(x).squeeze(1), outputs[:, 1] - outputs[:, 0], rtol=1e-3, atol=1e-4)


def test_networks_without_a_single_last_layer_need_one_logit() -> None:
    with pytest.raises(ConfigError, match=r"no single last layer.*set protocol\.logits=one"):
        build_backbone("deit_tiny_distilled_patch16_224", 3, logits="two")


def test_pelee_has_no_pretrained_weights() -> None:
    with pytest.raises(ConfigError, match=r"pelee has no pretrained weights; set model\.pretrained=false"):
        build_backbone("pelee", 3, pretrained=True)


def test_models_that_refuse_an_option_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise TypeError("__init__() got an unexpected keyword argument 'drop_rate'")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(ConfigError, match=r"model\.name=resnet18 cannot be built with 5 input channels.*drop_rate"):
        build_backbone("resnet18", 5, dropout=0.1)


@pytest.mark.parametrize("dropout", [1.0, -0.1, float("nan")])
def test_dropout_out_of_range_is_refused(dropout: float) -> None:
    with pytest.raises(ConfigError, match=r"dropout must be in \[0, 1\), got"):
        build_backbone("pelee", 3, dropout=dropout)
