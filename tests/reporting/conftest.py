from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from invented_sweep import invent_run

from fakeid.config.choices import ColorName, ResidualName
from fakeid.config.parse import Config, to_plain
from fakeid.config.schema import ColorConfig, ModelConfig, ResidualConfig
from fakeid.evaluation.records.results import CategoryGroup, Estimate, Group
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.reporting.sweep.configurations import FinishedRun


def make_group(accuracy: float, num: int = 200) -> Group:
    def estimate(value: float) -> Estimate:
        return Estimate(value, max(0.0, value - 0.02), min(1.0, value + 0.013))

    metrics = {
        "accuracy": estimate(accuracy),
        "real_accuracy": estimate(accuracy - 0.04),
        "fake_accuracy": estimate(min(1.0, accuracy + 0.04)),
        "auroc": estimate(min(1.0, accuracy + 0.031)),
        "average_precision": estimate(min(1.0, accuracy + 0.027)),
    }
    return Group(num, num, metrics)


@pytest.fixture
def summary() -> RunSummary:
    names = ("cat", "church_outdoor", "train", "airplane", "bus", "cow", "bridge", "bedroom", "classroom", "restaurant")
    categories = {
        **{name: CategoryGroup(**vars(make_group(1 - i / 100)), seen=True) for i, name in enumerate(names)},
        "sheep": CategoryGroup(**vars(make_group(0.731)), seen=False),
    }
    seen, unseen = make_group(0.9123, 20000), make_group(0.731)
    return RunSummary(seen=seen, unseen=unseen, categories=categories, config=to_plain(Config()))


@pytest.fixture(scope="session")
def invented() -> Callable[..., FinishedRun]:
    """`invented(5, seed=1, color="hsv", skill=1.0)` is a finished run with 5 training categories; cached."""

    @cache
    def invent(
        categories: int | None,
        seed: int = 0,
        color: str = "rgb",
        dropout: float = 0.0,
        model: str = "pelee",
        residual: str | None = None,
        **more: Any,
    ) -> FinishedRun:
        config = Config(
            categories=categories,
            seed=seed,
            dropout=dropout,
            color=ColorConfig(ColorName[color]),
            model=ModelConfig(model),
            residual=ResidualConfig(ResidualName[residual or ("hpf" if model == "pelee" else "none")]),
        )
        return invent_run(config, **more)[0]

    return invent
