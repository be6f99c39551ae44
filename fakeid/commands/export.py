"""Write a detector as an ONNX file, with a page about it."""

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
    """Write `output`, an ONNX graph, and beside it a model card as Markdown.

    Raises:
        CheckpointError: Missing, damaged, or exported already.
        OutputError: A file is in the way, or the graph does not score as torch does.
    """
    path = find_detector(checkpoint)
    if path.suffix == ONNX:
        raise CheckpointError(f"{path} is exported already: give a run's folder or its checkpoint")
    output = output if output.suffix == ONNX else output.with_name(output.name + ONNX)
    page = output.with_suffix(".md")
    for each in (output, page):
        if each.exists():
            raise OutputError(f"{each} is there already: name another file")
    console = Console(highlight=False)
    card = read_card(path)
    run = RunFolder(path.absolute().parents[1])
    summary = None
    if run.tested == path.absolute():
        try:
            summary = run.read_summary()
        except (FileNotFoundError, DamagedFileError):
            console.print("the run's summary cannot be read: the model card is without results")
    with clear_output_errors(output.parent, "OUTPUT"), StatusLine(console, "exporting"):
        output.parent.mkdir(parents=True, exist_ok=True)
        difference = export_onnx(path, output)
        write_text(page, render_model_card(card, hash_checkpoint(path), summary))
    console.print(
        f"logits of onnxruntime and torch differ by {difference:.0e} at most\ngraph    {output}\ncard     {page}",
        soft_wrap=True, markup=False,
    )  # fmt: skip
