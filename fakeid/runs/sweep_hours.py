"""The hours of a grid, from images and images per second."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakeid.config import Config, to_plain
from fakeid.identity import flatten, label_options, tell_apart
from fakeid.metadata import list_options
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
        """Estimate the time of all its cells, one after the other.

        Args:
            rates: Images per second.
            each_seconds: What a cell takes beside.
        """
        return self.trained / rates.train + self.inferred / rates.infer + self.num_cells * each_seconds


def group_cells(
    configs: Sequence[Config], splits: Sequence[Counter[str]], epochs_done: Sequence[int]
) -> dict[str, Network]:
    """Group the cells by network, under labels of the options in which the networks differ.

    Args:
        configs: Options of each cell.
        splits: Images of each cell by split.
        epochs_done: Epochs that each has behind it.
    """
    networks: dict[str, Network] = {}
    for config, images, done in zip(configs, splits, epochs_done, strict=True):
        networks.setdefault(repr(_describe(config)), Network(config)).add(config, images, done)
    differences = tell_apart([_describe(network.config) for network in networks.values()])
    labels = [label_options(values) or "all runs" for values in differences]
    return dict(zip(labels, networks.values(), strict=True))


def _describe(config: Config) -> dict[str, Any]:
    """Every option that can change the time of a step, by its path."""
    values = flatten(to_plain(config))
    timed = [each for each in list_options(Config) if each.timed]
    return {
        each.path: ("on" if values[each.path] else "off") if each.timed == "on" else values[each.path] for each in timed
    }
