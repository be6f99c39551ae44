"""Whether the networks of a grid can be built and take its images, before any of them is trained."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fakeid.config.identity import fingerprint
from fakeid.config.parse import Config
from fakeid.errors import ConfigError
from fakeid.sweeps.grid import refuse


def check_networks(configs: Sequence[Config]) -> None:
    """Build each different network once, without published weights, and show it one image of each size.

    Args:
        configs: Checked options of the cells that are to be trained.

    Raises:
        ConfigError: Every network that cannot be built or does not take the images, and how many cells have it.
    """
    alike: dict[str, list[Config]] = {}
    for config in configs:
        sizes = {"data.image_px": config.data.image_px, "windows": config.list_windows()}
        alike.setdefault(fingerprint(config, "network", also=sizes), []).append(config)
    mistakes: Counter[str] = Counter()
    for same in alike.values():
        try:
            _build(same[0])
        except ConfigError as error:
            mistakes[str(error)] += len(same)
    refuse(mistakes, len(configs))


def _build(config: Config) -> None:
    from fakeid.runs.fit import build_module  # noqa: PLC0415 - takes seconds, which a finished grid does without

    model, trainer = replace(config.model, pretrained=False), replace(config.trainer, compile=False)
    build_module(replace(config, model=model, trainer=trainer))
