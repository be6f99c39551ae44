"""Where in an image a logit comes from: exactly, for networks that end in a mean over places and one linear layer."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError
from fakeid.models.backbones import get_classifier
from fakeid.models.detector import Detector

_CLOSE: Final = 1e-3  # of a logit


@torch.no_grad()
def compute_evidence(detector: Detector, rgb: Tensor) -> Tensor:
    """Compute what each place of the last feature map says; the mean over places is the logit.

    The logit is a linear function of the mean of the last features, so it is the mean of the same function of each
    place's features (as class activation maps, Zhou et al. 2016, "Learning deep features for discriminative
    localization"): nothing is approximated, and no gradient is needed. A place sees more of the image than its share of
    the map, for the network's fields of view overlap.

    Args:
        detector: In evaluation mode.
        rgb: (N, 3, H, W) float in [0, 1].

    Returns:
        (N, h, w) float32, of the size of the last feature map.

    Raises:
        ConfigError: The network does not end so.
    """
    try:
        classifier: Any = get_classifier(detector.backbone)
    except AttributeError as error:
        raise ConfigError("this network has no last layer whose evidence could be shown place by place") from error
    maps: list[Tensor] = []
    pooled: list[Tensor] = []
    hooks = [classifier.register_forward_pre_hook(lambda _, given: pooled.append(given[0]))]
    hooks += [
        module.register_forward_hook(lambda _, __, output: _keep(maps, output))
        for module in detector.backbone.modules()
    ]
    try:
        logits = detector(rgb)
    finally:
        for hook in hooks:
            hook.remove()
    if not isinstance(classifier, nn.Linear) or len(pooled) != 1:
        raise ConfigError("this network does not end in a mean and a linear layer: its evidence has no places")
    bias = 0.0 if classifier.bias is None else classifier.bias
    wide = [features for features in maps if features.shape[1] == classifier.in_features]
    # What is pooled is a map of one place; it is the last one itself where the image is small.
    for features in [each for each in wide if each.shape[-2:] != (1, 1)][::-1] or wide[-1:]:
        for each in (features, features.relu()):  # an activation may be a function, which no hook sees
            evidence = torch.einsum("nchw,c->nhw", each, classifier.weight[0]) + bias
            if torch.allclose(evidence.mean((1, 2)), logits, atol=_CLOSE):
                return evidence
    raise ConfigError("this network does not end in a mean over places: its evidence has none")


def _keep(maps: list[Tensor], output: Any) -> None:
    if isinstance(output, Tensor) and output.ndim == 4:
        maps.append(output)
