from typing import Any

import pytest


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
