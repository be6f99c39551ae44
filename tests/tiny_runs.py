"""Whole trainings that are small and meaningless, and helpers for their output."""

import io
import signal
from pathlib import Path

import pytest
import torch
from rich.console import Console

from fakeid.config.parse import Config
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.runs.train import run_training

TINY = (
    "trainer=cpu", "trainer.precision=float32", "logger=csv", "categories=2", "optim.epochs=2", "optim.batch_size=16",
    "data.image_px=48", "data.train_per_class=24", "data.val_per_class=4", "data.test_per_class=2",
    "data.audit_per_class=0",
)  # fmt: skip
"""A run small enough for a test: built-in images, two categories, one thread."""

TINY_NETWORK = "model.name=test_resnet"
"""timm's test network, which trains in a third of Pelee's time; folders, files and commands do not depend on the
network."""


def train(config: Config) -> tuple[RunSummary, str]:
    """Train and return the summary and the printed text."""
    console = Console(file=io.StringIO(), width=120)
    summary = run_training(config, console)
    assert summary
    return summary, said(console)


def quiet() -> Console:
    """Return a console whose output `said` reads."""
    return Console(file=io.StringIO(), width=300)


def said(console: Console) -> str:
    """Return what was printed to a console of `quiet`."""
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def leave_out_figures(patch: pytest.MonkeyPatch) -> None:
    """Skip figures, which take longer than a tiny run."""
    patch.setattr("fakeid.runs.train.write_figures", lambda *_: [])
    patch.setattr("fakeid.runs.evaluate.evaluation.write_evaluation", lambda *_: None)


def read_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(torch.load(checkpoint, weights_only=True)["state_dict"])


def hear_ctrl_c() -> None:
    """Restore Ctrl-C in a program that a test starts: background jobs of a shell, as in CI, inherit ignored SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
