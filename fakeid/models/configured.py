"""Describe the network that the options of a run ask for, and check that it accepts the run's images.

This module does without Lightning, which takes seconds to load and is not needed to check a grid.
"""

from contextlib import nullcontext
from typing import Any

import torch

from fakeid.config.parse import Config
from fakeid.config.windows import compute_center_px
from fakeid.errors import ConfigError
from fakeid.models.detector import Detector


def list_arguments(config: Config) -> dict[str, Any]:
    """List the arguments of `Detector` for a run, as plain values."""
    protocol = config.protocol
    return {
        "backbone": config.model.name,
        "color": config.color.name.value,
        "hsv": protocol.hsv.value,
        "residual": config.residual.name.value,
        "hpf_channels": protocol.hpf_channels.value,
        "hpf_border": protocol.hpf_border.value,
        "bottleneck": protocol.bottleneck.value,
        "dropout": config.dropout,
        "dropout_at": protocol.dropout_at.value,
        "init": protocol.init.value,
        "logits": protocol.logits.value,
        "pretrained": config.model.pretrained,
    }


def check_sizes(detector: Detector, config: Config) -> None:
    """Score one black image of each size before any long step, because some networks accept only one size.

    Raises:
        ConfigError: The network does not accept the images, or the windows that an option cuts out of them.
    """
    whole = config.data.image_px
    sides = {} if compute_center_px(whole, config.augment.name.value) else {f"data.image_px={whole}": whole}
    for option, side in config.list_windows().items():
        sides[f"{side} px, to which {option} cuts data.image_px={whole}"] = side
    # Compiling may fail for other reasons than the size; without it, loading the compiler would take seconds.
    compiles = config.trainer.compile
    for what, side in sides.items():
        try:
            with torch.no_grad(), torch.compiler.set_stance("force_eager") if compiles else nullcontext():
                detector.eval()(torch.zeros(1, 3, side, side))
        except Exception as error:
            raise ConfigError(
                f"model.name={config.model.name} cannot take images of {what} "
                f"({str(error).partition(chr(10))[0]}); change one of them"
            ) from error
    detector.train()
