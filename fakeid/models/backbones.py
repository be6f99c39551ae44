"""Build backbones by name: networks from feature maps to one logit per image."""

import difflib
from collections.abc import Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError
from fakeid.models.color_stats import ColorStatistics
from fakeid.models.pelee import PeleeNet


class Normalization(nn.Module):
    """A layer that shifts and scales each of three channels; by default it changes nothing.

    Mean and standard deviation are stored in the checkpoint, so that it gives the same scores without the pretrained
    weights.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3, 1, 1))
        self.register_buffer("std", torch.ones(3, 1, 1))

    def set_statistics(self, mean: Sequence[float], std: Sequence[float]) -> None:
        """Set the mean to subtract and the standard deviation to divide by, one number per channel each."""
        for buffer, values in ((self.mean, mean), (self.std, std)):
            buffer.copy_(torch.tensor(values)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """Normalize images (N, 3, H, W)."""
        return (x - self.mean) / self.std


OWN: Final = ("pelee", "color_stats")
"""Backbones that do not come from timm."""


def build_backbone(
    name: str,
    in_channels: int,
    *,
    dropout: float = 0.0,
    bottleneck: str = "wide",
    dropout_at: str = "branches",
    init: str = "torch",
    logits: str = "two",
    pretrained: bool = False,
) -> nn.Module:
    """Build a network that maps (N, in_channels, H, W) to logits (N, 1).

    Args:
        name: `pelee`, `color_stats` or the name of a timm model.
        in_channels: Number of input channels.
        dropout: Dropout probability in [0, 1). A timm model decides where it acts, mostly before the classifier.
        bottleneck: For `pelee`, `wide` or `published`.
        dropout_at: For `pelee`, `branches` or `classifier`.
        init: For `pelee`, `torch` or `published`; timm models are initialized by timm.
        logits: How the output is initialized. `two` starts it as the difference of two outputs, as computed by a
            network with two outputs and a softmax (for its steps see `DetectorModule.configure_optimizers`). `one`
            starts it as a single output.
        pretrained: Whether a timm model starts from its published weights, which are downloaded on first use. They
            expect RGB scaled by `get_input_statistics`; for other than 3 channels, timm sums or copies the weights.

    Raises:
        ConfigError: The model does not exist, or it cannot be built with these options.
    """
    if not 0 <= dropout < 1:
        raise ConfigError(f"dropout must be in [0, 1), got {dropout}; the paper uses 0, 0.2 and 0.5")
    num_outputs = 2 if logits == "two" else 1
    if name not in OWN:
        network = _build_timm(name, in_channels, num_outputs, dropout=dropout, pretrained=pretrained)
        return network if logits == "one" else _merge_outputs(network, name)
    if pretrained:
        raise ConfigError(f"{name} has no pretrained weights; set model.pretrained=false")
    if name == "color_stats":
        if dropout:
            raise ConfigError(f"color_stats is fitted without dropout: leave dropout=0, got {dropout}")
        return ColorStatistics()
    pelee = PeleeNet(
        in_channels, bottleneck=bottleneck, dropout=dropout, dropout_at=dropout_at, init=init, num_outputs=num_outputs
    )
    return pelee if logits == "one" else _merge_outputs(pelee, name)


def get_classifier(backbone: nn.Module) -> nn.Module:
    """Return the layer that computes the logits."""
    classifier: Any = backbone.get_classifier()  # type: ignore[operator]
    assert isinstance(classifier, nn.Module)
    return classifier


def get_input_statistics(backbone: nn.Module) -> tuple[Sequence[float], Sequence[float]]:
    """Return mean and standard deviation of each RGB channel that a timm model's published weights expect."""
    from timm.data.config import resolve_model_data_config  # noqa: PLC0415  # as in _build_timm

    wanted: dict[str, Any] = resolve_model_data_config(backbone)  # type: ignore[no-untyped-call]
    return wanted["mean"], wanted["std"]


def _merge_outputs(network: nn.Module, name: str) -> nn.Module:
    """Replace two outputs by their difference, fake minus real, in place: a softmax depends only on that."""
    classifier: Any = network.get_classifier()  # type: ignore[operator]
    if not isinstance(classifier, nn.Linear | nn.Conv2d):
        raise ConfigError(
            f"model.name={name} has no single last layer, so two outputs cannot be merged into one: set "
            "protocol.logits=one"
        )
    with torch.no_grad():
        for kind in ("weight", "bias"):
            rows = getattr(classifier, kind)
            if rows is not None and len(rows) == 2:
                setattr(classifier, kind, nn.Parameter(rows[1:] - rows[:1]))
    if isinstance(classifier, nn.Linear):
        classifier.out_features = 1
    else:
        classifier.out_channels = 1
    return network


def _build_timm(name: str, in_channels: int, num_outputs: int, *, dropout: float, pretrained: bool) -> nn.Module:
    import timm  # noqa: PLC0415  # takes seconds, and pelee does not need it

    if not timm.is_model(name):
        raise ConfigError(
            f"model.name must be {', '.join(OWN)} or a timm model, got {name!r}; {_suggest(name, timm.list_models())}"
        )
    try:
        model = timm.create_model(
            name, num_classes=num_outputs, in_chans=in_channels, drop_rate=dropout, pretrained=pretrained
        )
    except Exception as error:  # timm passes on whatever its models, the download and the disk raise
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        if pretrained:
            raise ConfigError(
                f"the pretrained weights of model.name={name} could not be loaded ({reason}); "
                "connect to the network once, or set model.pretrained=false"
            ) from error
        raise ConfigError(
            f"model.name={name} cannot be built with {in_channels} input channels and "
            f"dropout={dropout} ({reason}); choose another model.name"
        ) from error
    assert isinstance(model, nn.Module)
    return model


def _suggest(name: str, timm_names: list[str]) -> str:
    names = [*OWN, *timm_names]
    close = difflib.get_close_matches(name.lower(), names, n=4)
    containing = [known for known in names if name and name.lower() in known][:4]
    near = list(dict.fromkeys([*close, *containing]))
    return f"near matches: {', '.join(near)}" if near else "timm.list_models() in Python lists them"
