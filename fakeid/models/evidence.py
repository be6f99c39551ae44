"""Locate the evidence for a logit in the image, exactly for networks that end in global pooling and a linear layer."""

from typing import Any, Final

import torch
from torch import Tensor, nn

from fakeid.errors import ConfigError
from fakeid.models.backbones import get_classifier
from fakeid.models.detector import Detector

_CLOSE: Final = 1e-3  # of a logit


@torch.no_grad()
def compute_evidence(detector: Detector, rgb: Tensor) -> Tensor:
    """Compute the logit of each place of the last feature map; their mean is the logit of the image.

    The logit of an image is a linear function of the mean of the last features, and therefore the mean of the same
    function of the features at each place (as in class activation maps, Zhou et al. 2016, "Learning deep features for
    discriminative localization"). Nothing is approximated, and no gradient is needed. Each place sees more of the image
    than its share of the map, because receptive fields overlap.

    Args:
        detector: Detector in evaluation mode.
        rgb: RGB float (N, 3, H, W) in [0, 1].

    Returns:
        Logits float32 (N, h, w), in the size of the last feature map.

    Raises:
        ConfigError: The network does not end in a mean over places and a linear layer.
    """
    try:
        classifier: Any = get_classifier(detector.backbone)
    except AttributeError as error:
        raise ConfigError("this network has no last layer whose evidence could be located in the image") from error
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
        raise ConfigError("this network does not end in a mean and a linear layer: its evidence cannot be located")
    bias = 0.0 if classifier.bias is None else classifier.bias
    wide = [features for features in maps if features.shape[1] == classifier.in_features]
    # The pooled features are a map of one place; for small images the last map has only one place too.
    for features in [each for each in wide if each.shape[-2:] != (1, 1)][::-1] or wide[-1:]:
        for each in (features, features.relu()):  # an activation may be a plain function, which hooks do not see
            evidence = torch.einsum("nchw,c->nhw", each, classifier.weight[0]) + bias
            if torch.allclose(evidence.mean((1, 2)), logits, atol=_CLOSE):
                return evidence
    raise ConfigError("this network does not end in a mean over places: its evidence cannot be located")


def _keep(maps: list[Tensor], output: Any) -> None:
    if isinstance(output, Tensor) and output.ndim == 4:
        maps.append(output)
