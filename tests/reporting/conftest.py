from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from made_up_sweep import invent_run

from fakeid.choices import ColorName, ResidualName
from fakeid.config import Config
from fakeid.reporting.averages import FinishedRun
from fakeid.schema import ColorConfig, ModelConfig, ResidualConfig


def make_group(accuracy: float | None, num: int = 200) -> dict[str, Any]:
    def estimate(value: float | None) -> dict[str, float | None]:
        if value is None:
            return {"value": None, "low": None, "high": None}
        return {"value": value, "low": max(0.0, value - 0.02), "high": min(1.0, value + 0.013)}

    return {
        "num_real": num,
        "num_fake": num,
        "accuracy": estimate(accuracy),
        "real_accuracy": estimate(accuracy and accuracy - 0.04),
        "fake_accuracy": estimate(accuracy and min(1.0, accuracy + 0.04)),
        "auroc": estimate(accuracy and min(1.0, accuracy + 0.031)),
        "average_precision": estimate(accuracy and min(1.0, accuracy + 0.027)),
    }


@pytest.fixture
def summary() -> dict[str, Any]:
    seen = ("cat", "church_outdoor", "train", "airplane", "bus", "cow", "bridge", "bedroom", "classroom", "restaurant")
    return {
        "seen": make_group(0.9123, 20000),
        "unseen": make_group(0.731),
        "categories": {
            **{name: {"seen": True, **make_group(1 - i / 100)} for i, name in enumerate(seen)},
            "sheep": {"seen": False, **make_group(0.731)},
        },
    }


@pytest.fixture(scope="session")
def invented() -> Callable[..., FinishedRun]:
    """`invented(5, seed=1, color="hsv", skill=1.0)` is a finished run with 5 training categories; remembered."""

    @cache
    def invent(
        categories: int | None,
        seed: int = 0,
        color: str = "rgb",
        dropout: float = 0.0,
        model: str = "pelee",
        **more: Any,
    ) -> FinishedRun:
        config = Config(
            categories=categories,
            seed=seed,
            dropout=dropout,
            color=ColorConfig(ColorName[color]),
            model=ModelConfig(model),
            residual=ResidualConfig(ResidualName.hpf if model == "pelee" else ResidualName.none),
        )
        return invent_run(config, **more)[0]

    return invent
