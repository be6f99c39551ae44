"""`summary.json` is read back unchanged, and damage in it is named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from invented_sweep import invent_run

from fakeid.config.parse import Config
from fakeid.errors import DamagedFileError
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.io import read_record, to_plain_record, write_record


@pytest.fixture
def summary() -> RunSummary:
    return invent_run(Config(categories=5), images=4)[0].summary


def test_a_summary_comes_back_as_it_was(summary: RunSummary, tmp_path: Path) -> None:
    write_record(tmp_path / "summary.json", summary)
    assert read_record(tmp_path / "summary.json", RunSummary) == summary


def test_what_earlier_releases_did_not_write_may_be_missing(summary: RunSummary, tmp_path: Path) -> None:
    plain = to_plain_record(summary)
    kept = {name: plain[name] for name in ("seen", "unseen", "categories", "config")}
    kept["config"] = {name: option for name, option in kept["config"].items() if name not in ("augment", "logger")}
    (tmp_path / "summary.json").write_text(json.dumps(kept))
    found = read_record(tmp_path / "summary.json", RunSummary)
    assert (found.threshold.logit, found.audit, found.warnings) == (0.0, None, ())


def drop(place: str) -> Callable[[dict[str, Any]], None]:
    def change(plain: dict[str, Any]) -> None:
        *parents, name = place.split(".")
        for parent in parents:
            plain = plain[parent]
        del plain[name]

    return change


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (drop("categories.coral.seen"), "categories.coral.seen is missing"),
        (drop("config.color.name"), "config.color.name is missing"),
        (lambda plain: plain["config"].update(seed="0"), "config.seed is '0': input should be a valid integer"),
        (lambda plain: plain["unseen"].update(num_real=-1), "unseen.num_real is -1"),
        (lambda plain: plain["threshold"].update(logit="high"), "threshold.logit is 'high'"),
        (lambda plain: plain.update(sizes={"image_px": 8, "trained_px": 8, "tested_px": 8, "views": "all"}),
         "sizes.views is 'all'"),
    ],
)  # fmt: skip
def test_damage_is_named(
    summary: RunSummary, change: Callable[[dict[str, Any]], None], complaint: str, tmp_path: Path
) -> None:
    plain = to_plain_record(summary)
    change(plain)
    (tmp_path / "summary.json").write_text(json.dumps(plain))
    with pytest.raises(DamagedFileError, match="summary.json is damaged") as raised:
        read_record(tmp_path / "summary.json", RunSummary)
    assert complaint in str(raised.value)
