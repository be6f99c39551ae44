"""Run `python -m fakeid audit`: check whether anything but GAN traces separates the classes."""

from pathlib import Path

from rich.console import Console

from fakeid.audit.result import AuditResult
from fakeid.commands.plan import name_images
from fakeid.config.parse import Config
from fakeid.console import StatusLine
from fakeid.io import clear_output_errors, write_record, write_text
from fakeid.reporting.audit.page import render_audit_page
from fakeid.reporting.audit.tables import render_audit
from fakeid.runs.audit import audit_plan
from fakeid.runs.images import list_images, prepare_images, print_codec


def run_audit(
    config: Config, output: Path | None = None, *, per_class: int, console: Console | None = None
) -> AuditResult:
    """Audit the images of a run, print the table, and write `audit.json` and `audit.html`.

    Args:
        config: Checked options.
        output: Folder of the two files; None chooses one in `paths.runs/audits`.
        per_class: Number of training images of each class to examine.
        console: Console to print to; None prints to the terminal.

    Raises:
        DataError: Images are missing, damaged or too few.
        OutputError: The files cannot be written.
    """
    console = console or Console(highlight=False)
    output = output or Path(config.paths.runs) / "audits" / name_images(config, per_class)
    images = list_images(config, console)
    print_codec(images.codec, console)
    packed = prepare_images(config, images, console)
    with StatusLine(console, "examining the images"):
        audit = audit_plan(config, images, packed, per_class)
    with clear_output_errors(output, "--output"):
        write_record(output / "audit.json", audit)
        write_text(output / "audit.html", render_audit_page(audit))
    console.print(render_audit(audit))
    console.print(f"\nwritten to {output}: audit.json, audit.html", soft_wrap=True)
    return audit
