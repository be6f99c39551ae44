"""Where commands write what belongs to several runs or to none: beside the runs, in folders that hold no status."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from fakeid.config.choices import SourceName
from fakeid.config.parse import Config, to_plain


def locate_audit(config: Config, per_class: int) -> Path:
    """Folder of the audit of a configuration's images."""
    return Path(config.paths.runs) / "audits" / _name_images(config, per_class)


def locate_plan(config: Config) -> Path:
    """The list of a configuration's images."""
    return Path(config.paths.runs) / "plans" / f"{_name_images(config)}.csv"


def locate_comparison(paths: Sequence[Path], *, all_pairs: bool) -> Path:
    """Folder of a comparison, beside the first detector that was named.

    Args:
        paths: Folders of runs, or files of scores.
        all_pairs: Whether each is compared with each.
    """
    if not paths:
        return Path("comparisons")
    places = [path.resolve() for path in paths]
    digest = _hash([*map(str, places), all_pairs])
    return paths[0].parent / "comparisons" / f"{places[0].name}-and-{len(places) - 1}-more-{digest}"


def _name_images(config: Config, *more: object) -> str:
    """Readable, with a hash of whatever decides on the images and their pixels."""
    data = config.data.source.value
    if config.data.source is SourceName.folders:
        data = Path(config.paths.data or "").resolve().name
    k = "all" if config.categories is None else config.categories
    digest = _hash([to_plain(config)["data"], config.categories, config.paths.data, *more])
    return f"{data}-{config.data.image_px}px-k{k}-{digest}"


def _hash(meaning: object) -> str:
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:8]
