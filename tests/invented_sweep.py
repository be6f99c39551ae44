"""Folders of finished runs with made-up scores, in the same form as after training."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from omegaconf import OmegaConf

from fakeid.config.compose import compose_config
from fakeid.config.constants import DEMO_CATEGORIES
from fakeid.config.identity import name_run
from fakeid.config.parse import Config, to_plain
from fakeid.evaluation.ordered_scores import split_by_category
from fakeid.evaluation.records.run_summary import AuditDigest, DataRecord, Machine, RunSummary
from fakeid.evaluation.scores import Scores, build_scores, write_scores
from fakeid.evaluation.summary import summarize
from fakeid.io import parse_record, write_record, write_text
from fakeid.reporting.sweep.configurations import FinishedRun
from fakeid.runs.layout import DONE, FAILED, RunFolder
from fakeid.seeding import derive_seed

GOOD_AUDIT: dict[str, Any] = {
    "verdict": "The classes cannot be told apart without looking for a GAN.",
    "warnings": [],
    "probes": {
        "files": None,
        "residuals": {"auroc": {"value": 0.52, "low": 0.45, "high": 0.59}, "warns": False, "importances": {}},
    },
    "duplicates": {"num_exact": 0, "num_near": 0},
}


def invent_scores(
    skill: Mapping[str, float], *, images: int = 20, run: int = 0, test_set: int = 0, shared: float = 0.8
) -> Scores:
    """Draw logits that are, on average, on the correct side by `skill` standard deviations in each category.

    A share `shared` of the noise belongs to the image and is the same in every run, so that runs agree on hard images.
    """
    of_images, of_run = np.random.default_rng(test_set), np.random.default_rng((1, run))
    columns: dict[str, list[Any]] = {name: [] for name in ("key", "label", "category", "generator", "logit")}
    for category, strength in skill.items():
        for label, kind in enumerate(("real", "fake")):
            noise = np.sqrt(shared) * of_images.standard_normal(images)
            noise += np.sqrt(1 - shared) * of_run.standard_normal(images)
            columns["key"] += [f"{category}/{kind}/{test_set}-{i:05d}" for i in range(images)]
            columns["label"] += [label] * images
            columns["category"] += [category] * images
            columns["generator"] += ["gan" if label else "camera"] * images
            columns["logit"] += list((2 * label - 1) * strength + noise)
    return build_scores(**columns)


def _flatten(values: Mapping[str, Any]) -> dict[str, str]:
    """Map dotted option names to values, without output locations."""
    groups = {group: entry for group, entry in values.items() if group not in ("paths", "logger")}
    nested = {f"{group}.{name}": repr(value) for group, entry in groups.items() if isinstance(entry, dict)
              for name, value in entry.items()}  # fmt: skip
    return nested | {group: repr(entry) for group, entry in groups.items() if not isinstance(entry, dict)}


def _draw_run(config: Config) -> int:
    """Derive a seed from the non-default options, so that a new option leaves made-up runs unchanged."""
    changes = _flatten(to_plain(config)).items() - _flatten(to_plain(Config())).items()
    return derive_seed(*sorted(changes))


def invent_run(
    config: Config,
    *,
    skill: float = 1.0,
    seen_skill: float = 2.0,
    images: int = 20,
    test_set: int = 0,
    audit: Mapping[str, Any] | None = None,
) -> tuple[FinishedRun, Scores]:
    """Make a finished run on the built-in data with this skill on unseen and seen content.

    Cached because intervals take long; do not modify it.
    """
    key = json.dumps([to_plain(config), skill, seen_skill, images, test_set, audit])
    if key not in _INVENTED:
        _INVENTED[key] = _invent_run(config, skill, seen_skill, images, test_set, audit)
    return _INVENTED[key]


_INVENTED: Final[dict[str, tuple[FinishedRun, Scores]]] = {}


def _invent_run(
    config: Config, skill: float, seen_skill: float, images: int, test_set: int, audit: Mapping[str, Any] | None
) -> tuple[FinishedRun, Scores]:
    k = config.categories or len(DEMO_CATEGORIES) - 1
    seen, unseen = DEMO_CATEGORIES[:k], DEMO_CATEGORIES[k:]
    skills = {name: seen_skill if name in seen else skill for name in DEMO_CATEGORIES}
    name = name_run(config)
    scores = invent_scores(skills, images=images, run=_draw_run(config), test_set=test_set)
    source = {"source": "demo", "version": 1, "image_px": 64, "seed": 0}
    summary = RunSummary(
        **vars(replace(summarize(scores, seen, unseen), held_out=DEMO_CATEGORIES[-1])),
        run=name,
        seconds=83.0,
        images_per_second=410.0,
        data=DataRecord(source, f"{k:02d}c0ffee", {}),
        audit=parse_record(GOOD_AUDIT if audit is None else dict(audit), AuditDigest),
        config=to_plain(config),
        git_commit="0123456789abcdef",
        precision="float32",
        threads=2,
        machine=Machine("a made-up machine, 2 cores"),
    )
    return FinishedRun(name, summary, split_by_category(scores)), scores


def _compose(root: Path, overrides: Sequence[str]) -> Config:
    config = compose_config([*overrides, "logger=csv"])
    config.paths.runs = str(root)
    return config


def write_run(root: Path, *overrides: str, **invented: Any) -> RunFolder:
    """Write `invent_run` with the same keywords as a folder."""
    config = _compose(root, overrides)
    tested, scores = invent_run(config, **invented)
    run = RunFolder(root / tested.name)
    run.path.mkdir(parents=True)
    write_text(run.config, OmegaConf.to_yaml(to_plain(config)))
    write_scores(run.scores, scores)
    write_record(run.summary, tested.summary)
    run.write_status(DONE, epochs_done=5, epochs=5)
    return run


def write_failed_run(root: Path, *overrides: str, reason: str = "DataError: the image x.png is cut short") -> RunFolder:
    """Write a run that stopped in its second epoch."""
    config = _compose(root, overrides)
    run = RunFolder(root / name_run(config))
    run.path.mkdir(parents=True)
    write_text(run.config, OmegaConf.to_yaml(to_plain(config)))
    run.write_status(FAILED, epochs_done=1, epochs=5, reason=reason)
    return run
