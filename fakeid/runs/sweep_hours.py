"""The hours of a grid, from images and images per second."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakeid.config import Config, to_plain
from fakeid.reporting.settings import label_settings
from fakeid.runs.step_rates import Rates
from fakeid.vocabulary import TEST, TRAIN, VAL


@dataclass
class Network:
    """The cells that take the same time an image.

    Attributes:
        config: Of one of them.
        num_cells: How many there are.
        trained: Images that they still train on, each as often as it is trained on.
        inferred: Images of their validation and test.
    """

    config: Config
    num_cells: int = 0
    trained: int = 0
    inferred: int = 0

    def add(self, config: Config, splits: Counter[str], epochs_done: int = 0) -> None:
        """Count a cell in.

        Args:
            config: Its options.
            splits: Images in its `train`, `val` and `test`.
            epochs_done: Epochs that it has behind it.
        """
        limit = config.trainer.limit_batches
        epochs = 1 if config.model.is_fitted_at_once else config.optim.epochs - epochs_done
        most = limit * config.optim.batch_size if limit else max(splits.values())
        self.num_cells += 1
        self.trained += epochs * min(splits[TRAIN], most)
        self.inferred += epochs * min(splits[VAL], most) + splits[TEST]

    def estimate_seconds(self, rates: Rates, each_seconds: float) -> float:
        """Of all its cells, one after the other.

        Args:
            rates: Images per second.
            each_seconds: What a cell takes beside.
        """
        return self.trained / rates.train + self.inferred / rates.infer + self.num_cells * each_seconds


def group_cells(
    configs: Sequence[Config], splits: Sequence[Counter[str]], epochs_done: Sequence[int]
) -> dict[str, Network]:
    """The cells by network, under labels of the options in which the networks differ.

    Args:
        configs: Options of each cell.
        splits: Images of each cell by split.
        epochs_done: Epochs that each has behind it.
    """
    networks: dict[str, Network] = {}
    for config, images, done in zip(configs, splits, epochs_done, strict=True):
        networks.setdefault(repr(_describe(config)), Network(config)).add(config, images, done)
    labels = label_settings([_describe(network.config) for network in networks.values()])
    return dict(zip(labels, networks.values(), strict=True))


def _describe(config: Config) -> dict[str, Any]:
    """Every option that can change the time of a step."""
    plain = to_plain(config)
    switches = ("name", "hpf_channels", "hpf_border", "hsv", "bottleneck", "dropout_at", "loss", "views")
    trainer = ("accelerator", "precision", "channels_last", "compile", "threads", "keep_memory")
    return {
        "model": {"name": plain["model"]["name"]},
        "residual": plain["residual"],
        "color": plain["color"],
        "augment": plain["augment"],
        "dropout": "on" if config.dropout else "off",  # how much makes no difference
        "protocol": {name: plain["protocol"][name] for name in switches},
        "data": {"image_px": plain["data"]["image_px"]},
        "optim": {"batch_size": plain["optim"]["batch_size"], "ema": "on" if config.optim.ema else "off"},
        "trainer": {name: plain["trainer"][name] for name in trainer},
    }
