"""Export a detector as an ONNX file with a model card."""

from pathlib import Path

from rich.console import Console

from fakeid.checkpoints import hash_checkpoint
from fakeid.console import StatusLine
from fakeid.errors import CheckpointError, DamagedFileError, OutputError
from fakeid.inference.detector import ONNX, find_detector
from fakeid.inference.export import export_onnx
from fakeid.io import clear_output_errors, write_text
from fakeid.reporting.model_card import render_model_card
from fakeid.runs.layout import RunFolder
from fakeid.training.checkpoint import read_card


def export(checkpoint: Path, output: Path) -> None:
    """Write a detector as an ONNX graph, and beside it a model card in Markdown.

    Args:
        checkpoint: Folder of a run, or its checkpoint.
        output: Path of the graph; `.onnx` is appended if it is missing.

    Raises:
        CheckpointError: The checkpoint is missing, damaged, or already exported.
        OutputError: A file already exists, or the scores of the graph differ from torch's.
    """
    path = find_detector(checkpoint)
    if path.suffix == ONNX:
        raise CheckpointError(f"{path} is already exported: name the folder of a run or its checkpoint")
    output = output if output.suffix == ONNX else output.with_name(output.name + ONNX)
    page = output.with_suffix(".md")
    for each in (output, page):
        if each.exists():
            raise OutputError(f"{each} already exists: choose another name for OUTPUT")
    console = Console(highlight=False)
    card = read_card(path)
    run = RunFolder(path.absolute().parent.parent)
    summary = None
    if run.tested == path.absolute():
        try:
            summary = run.read_summary()
        except (FileNotFoundError, DamagedFileError):
            console.print("the run's summary cannot be read: the model card has no results")
    with clear_output_errors(output.parent, "OUTPUT"), StatusLine(console, "exporting"):
        output.parent.mkdir(parents=True, exist_ok=True)
        difference = export_onnx(path, output)
        write_text(page, render_model_card(card, hash_checkpoint(path), summary))
    console.print(
        f"logits of onnxruntime and torch differ by at most {difference:.0e}\ngraph    {output}\ncard     {page}",
        soft_wrap=True, markup=False,
    )  # fmt: skip
