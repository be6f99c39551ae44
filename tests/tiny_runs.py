"""Whole trainings that say nothing, and what they leave."""

import io
from pathlib import Path

import torch
from rich.console import Console

from fakeid.config.parse import Config
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.runs.train import run_training


def train(config: Config) -> tuple[RunSummary, str]:
    """The summary, and what would have been printed."""
    console = Console(file=io.StringIO(), width=120)
    summary = run_training(config, console)
    assert summary
    assert isinstance(console.file, io.StringIO)
    return summary, console.file.getvalue()


def read_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(torch.load(checkpoint, weights_only=True)["state_dict"])
