"""`python -m fakeid dashboard DIR`: a W&B report whose panels compare the runs of a folder."""

from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from fakeid.errors import DataError, FakeidError
from fakeid.reporting.sweep.report import SweepReport
from fakeid.sweeps.report import write_report
from fakeid.sweeps.tracking import find_place, recall, remember, render_upload
from fakeid.training.tracking import Place, choose_mode, is_logged_in

_EXTRA = "wandb_workspaces"
_KEPT = "dashboard"  # name of its identity among what the report's folder keeps


def write_dashboard(directory: Path, console: Console | None = None) -> str:
    """Write the report of the folder anew, in files and in W&B, and the dashboard over it.

    A later call updates the same dashboard.

    Args:
        directory: Holds one folder a run.
        console: Where to print; None is the terminal.

    Returns:
        Its address.

    Raises:
        DataError: No finished run, or none that was tracked by W&B.
        FakeidError: Nobody is logged in, W&B is set to be offline, `wandb-workspaces` is missing, or the server
            refuses.
    """
    console = console or Console(highlight=False)
    _check_ready(directory)
    report = write_report(directory, console)
    place = find_place(report)
    if place is None:
        raise DataError(
            f"the runs in {directory} were not tracked by W&B (logger=csv); "
            "a dashboard needs runs that were trained with logger=wandb"
        )
    try:
        url = _send(report, place, directory / "report")
    except Exception as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise FakeidError(
            f"W&B did not take the dashboard ({first_line}); look at logger.project={place.project} and "
            f"logger.entity={place.entity or 'null'} of the runs and at the network, then repeat the command"
        ) from error
    console.print(f"dashboard: {url}", soft_wrap=True, markup=False)
    left = _count_offline(directory)
    if left:
        console.print(f"{left} runs are not uploaded yet: {render_upload(directory)}", soft_wrap=True, markup=False)
    return url


def _check_ready(directory: Path) -> None:
    """Refuse before anything is computed."""
    upload = f"`{render_upload(directory)}` uploads runs that were logged offline"
    if not is_logged_in():
        raise FakeidError(
            f"a dashboard needs a W&B account and nobody is logged in here: `wandb login` does that, {upload}, "
            "and then this command works"
        )
    if choose_mode() != "online":
        raise FakeidError(
            f"a dashboard needs W&B's server, but WANDB_MODE={choose_mode()}; `unset WANDB_MODE` mends that, {upload}, "
            "and then this command works"
        )
    if find_spec(_EXTRA) is None:
        raise FakeidError('a dashboard needs the package wandb-workspaces: pip install -e ".[dashboard]"')


def _count_offline(directory: Path) -> int:
    """Count the runs below the folder that were never uploaded; `wandb sync` leaves a mark beside each."""
    files = directory.glob("*/wandb/offline-run-*/run-*.wandb")
    return sum(not path.with_suffix(".wandb.synced").exists() for path in files)


def _send(report: SweepReport, place: Place, folder: Path) -> str:
    import wandb  # noqa: PLC0415 - seconds, and after the checks

    from fakeid.commands.dashboard_blocks import build_dashboard  # noqa: PLC0415 - needs the extra

    entity = place.entity or str(wandb.Api().default_entity)
    dashboard = build_dashboard(report, place, entity, recall(folder, "run") or "")
    dashboard.id = recall(folder, _KEPT) or ""
    dashboard.save()
    remember(folder, _KEPT, dashboard.id)
    return str(dashboard.url)
