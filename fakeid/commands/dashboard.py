"""Run `python -m fakeid dashboard DIR`: write a W&B report whose panels compare the runs in a folder."""

from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from fakeid.errors import DataError, FakeidError
from fakeid.reporting.formatting import format_count
from fakeid.reporting.sweep.report import SweepReport
from fakeid.sweeps.report import write_report
from fakeid.sweeps.tracking import find_place, recall, remember, render_upload
from fakeid.training.tracking import Place, choose_mode, is_logged_in

_EXTRA = "wandb_workspaces"
_KEPT = "dashboard"  # name under which the report's folder stores the dashboard's ID


def write_dashboard(directory: Path, console: Console | None = None) -> str:
    """Rewrite the report of a folder, in files and in W&B, and create or update its dashboard.

    Args:
        directory: Folder with one subfolder per run.
        console: Console to print to; None prints to the terminal.

    Returns:
        URL of the dashboard.

    Raises:
        DataError: There is no finished run, or none was tracked by W&B.
        FakeidError: Nobody is logged in, W&B is set to offline mode, `wandb-workspaces` is missing, or the server
            refuses the dashboard.
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
            f"W&B rejected the dashboard ({first_line}); check logger.project={place.project} and "
            f"logger.entity={place.entity or 'null'} of the runs and the network, then repeat the command"
        ) from error
    console.print(f"dashboard: {url}", soft_wrap=True, markup=False)
    left = _count_offline(directory)
    if left:
        runs = format_count(left, "run")
        console.print(f"not yet uploaded: {runs}; {render_upload(directory)}", soft_wrap=True, markup=False)
    return url


def _check_ready(directory: Path) -> None:
    """Check login, online mode and the required package before anything is computed.

    Raises:
        FakeidError: One of them is missing; the message says how to fix it.
    """
    upload = f"upload runs that were logged offline with `{render_upload(directory)}`"
    if not is_logged_in():
        raise FakeidError(
            f"a dashboard needs a W&B login, and nobody is logged in here: log in with `wandb login`, {upload}, "
            "then repeat this command"
        )
    if choose_mode() != "online":
        raise FakeidError(
            f"a dashboard needs W&B's server, but WANDB_MODE={choose_mode()}: run `unset WANDB_MODE`, {upload}, "
            "then repeat this command"
        )
    if find_spec(_EXTRA) is None:
        raise FakeidError('a dashboard needs the package wandb-workspaces: pip install -e ".[dashboard]"')


def _count_offline(directory: Path) -> int:
    """Count the offline runs in a folder that were never uploaded; `wandb sync` marks each that it uploads."""
    files = directory.glob("*/wandb/offline-run-*/run-*.wandb")
    return sum(not path.with_suffix(".wandb.synced").exists() for path in files)


def _send(report: SweepReport, place: Place, folder: Path) -> str:
    import wandb  # noqa: PLC0415 - takes seconds; the checks come first

    from fakeid.commands.dashboard_blocks import build_dashboard  # noqa: PLC0415 - needs the extra

    entity = place.entity or str(wandb.Api().default_entity)
    dashboard = build_dashboard(report, place, entity, recall(folder, "run") or "")
    dashboard.id = recall(folder, _KEPT) or ""
    dashboard.save()
    remember(folder, _KEPT, dashboard.id)
    return str(dashboard.url)
