"""The name of one point of a grid."""

import hashlib
import json
import os
from pathlib import Path

from fakeid.choices import AugmentName, BudgetName, ResidualName, SourceName
from fakeid.config import Config, to_plain
from fakeid.files import shorten_name

_MEANINGLESS = ("real", "fake", "device_cache", "audit_per_class")  # options of the data that change no result


def cell_id(config: Config) -> str:
    """Name a run by what it means, so that asking for it again finds it.

    Readable parts, then a hash of every option that can change the result. Where things are read and written,
    the logger, the device and its workers do not enter; the name of the data folder does. A name that would be too
    long for the file system is cut.
    """
    meaning = to_plain(config)
    for name in ("force", "logger", "paths", "sweep", "evaluation"):
        del meaning[name]
    for name in _MEANINGLESS:
        del meaning["data"][name]
    if config.data.budget is BudgetName.paper:  # what is asked for is what is taken
        del meaning["data"]["budget"]
    meaning["trainer"] = {name: meaning["trainer"][name] for name in ("precision", "limit_batches")}
    in_folder = config.data.source is SourceName.folders and config.paths.data is not None
    data_name = Path(os.path.realpath(config.paths.data or "")).name if in_folder else ""
    meaning["data"]["folder"] = data_name
    digest = hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:8]
    parts = [
        data_name or config.data.source.value,
        config.model.name.split("/")[-1],
        *([] if config.residual.name is ResidualName.none else [config.residual.name.value]),
        config.color.name.value,
        *([] if config.augment.name is AugmentName.none else [config.augment.name.value]),
        f"k{'all' if config.categories is None else config.categories}",
        f"d{config.dropout:g}",
        config.protocol.name,
        f"s{config.seed}",
        digest,
    ]
    return shorten_name("-".join(parts))
