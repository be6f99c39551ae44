"""The W&B report, built from real wandb-workspaces objects; its panels request what the runs log."""

import io
import json
import shutil
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wandb
from invented_sweep import write_run
from rich.console import Console

from fakeid.cli import main
from fakeid.commands.dashboard import write_dashboard
from fakeid.errors import DataError, FakeidError
from fakeid.reporting.sweep.report import SweepReport
from fakeid.sweeps.report import read_report
from fakeid.sweeps.tracking import collect_curves, collect_tables
from fakeid.training.callbacks import HISTORY_COLUMNS
from fakeid.training.tracked_fields import LEARNING_CURVES, describe_config, make_key, sum_up_training
from fakeid.training.tracking import Place

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # wandb-workspaces uses pydantic's older validators
    from wandb_workspaces.reports.v2 import interface, internal

    from fakeid.commands.dashboard_blocks import build_dashboard

GROUP = "my \"sweep\" = <o'brien's>"
PANELS = {
    "Run History Line Plot": internal.LinePlot,
    "Scatter Plot": internal.ScatterPlot,
    "Parallel Coordinates Plot": internal.ParallelCoordinatesPlot,
    "Media Browser": internal.MediaBrowser,
    "Weave": internal.WeavePanel,
}


@pytest.fixture(autouse=True)
def nobody_and_nothing_drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL", "WANDB_MODE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("fakeid.sweeps.report._write_files", lambda *_: None)  # drawing takes seconds


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dashboard") / "my runs"
    tracked = ("logger.name=wandb", "logger.entity=a-team", f"logger.group={json.dumps(GROUP)}")
    for overrides in (("categories=1",), ("categories=5",), ("categories=5", "color=hsv", "dropout=0.2")):
        write_run(root, *overrides, *tracked)
    return root


@pytest.fixture
def sweep(runs: Path, tmp_path: Path) -> Path:
    """A writable copy."""
    return Path(shutil.copytree(runs, tmp_path / runs.name))


@pytest.fixture(scope="module")
def report(runs: Path) -> SweepReport:
    return read_report(runs)


def render(report: SweepReport, group: str | None = GROUP) -> list[internal.PanelGrid]:
    """Parse again what the server would receive: the panel grids in order, each with its kinds of panels."""
    model = build_dashboard(report, Place("fakeid", None, group), "a-team", "report-1")._to_model()
    read = internal.ReportViewspec.model_validate_json(model.model_dump_json(by_alias=True, exclude_none=True))
    assert not [block for block in read.spec.blocks if isinstance(block, internal.UnknownBlock)]
    return [block for block in read.spec.blocks if isinstance(block, internal.PanelGrid)]


def find_panels(grid: internal.PanelGrid, kind: type) -> list[Any]:
    panels = grid.metadata.panel_bank_section_config.panels
    assert all(isinstance(panel, PANELS[panel.view_type]) for panel in panels)
    return [panel for panel in panels if isinstance(panel, kind)]


def find_filters(grid: internal.PanelGrid) -> list[tuple[str, str, Any]]:
    (runset,) = grid.metadata.run_sets
    assert isinstance(runset.filters, dict)
    return [(item["key"]["name"], item["op"], item["value"]) for item in runset.filters["filters"]]


def test_the_curves_of_the_report_run_are_drawn_against_categories(report: SweepReport) -> None:
    grid = render(report)[0]
    assert find_filters(grid) == [("name", "=", "report-1")]
    logged = {name for row in collect_curves(report.configurations) for name in row}
    lines = find_panels(grid, internal.LinePlot)
    assert {panel.config.x_axis for panel in lines} == {"categories"} < logged
    drawn = [name for panel in lines for name in panel.config.metrics]
    assert set(drawn) < logged
    assert len(drawn) == 5 * 2
    assert lines[0].config.metrics[0].startswith("held_out_accuracy/")
    titles = lines[1].config.override_series_titles
    assert titles["report-1:unseen_accuracy/pelee_hpf_hsv_dropout_0_2"] == "Pelee+HPF, HSV, dropout 0.2"
    (figures,) = find_panels(grid, internal.MediaBrowser)
    assert figures.config.media_keys == [make_key("figures", figure.slug) for figure in report.figures]


def test_the_runs_of_the_group_are_compared_by_what_each_logs(report: SweepReport) -> None:
    _, runs, curves, _ = render(report)
    assert find_filters(runs) == find_filters(curves) == [("group", "=", GROUP), ("jobType", "=", "train")]
    config = {f"config:{name}.value" for name in describe_config(report.tested[0].config)}
    summary = {f"summary:{name}" for name in sum_up_training(report.tested[0].summary)}
    scatters = find_panels(runs, internal.ScatterPlot)
    assert {axis for panel in scatters for axis in (panel.config.x_axis, panel.config.y_axis)} < config | summary
    assert ("summary:seen/accuracy", "summary:unseen/accuracy") in [
        (panel.config.x_axis, panel.config.y_axis) for panel in scatters
    ]
    (parallel,) = find_panels(runs, internal.ParallelCoordinatesPlot)
    columns = [column.accessor for column in parallel.config.columns]
    assert set(columns) < config | summary
    assert columns[:3] == ["config:categories.value", "config:dropout.value", "config:color.value"]  # varying options
    assert set(runs.metadata.run_sets[0].run_feed.column_order) < config | summary
    lines = find_panels(curves, internal.LinePlot)
    assert {name for panel in lines for name in panel.config.metrics} == set(LEARNING_CURVES) < set(HISTORY_COLUMNS)
    assert {(panel.config.x_axis, panel.config.group_by) for panel in lines} == {("epoch", "setting.value")}


def test_every_table_of_the_report_run_is_shown(report: SweepReport) -> None:
    grid = render(report)[-1]
    assert find_filters(grid) == [("name", "=", "report-1")]
    shown = [panel.config["panel2Config"]["exp"]["fromOp"]["inputs"]["key"]["val"]
             for panel in find_panels(grid, internal.WeavePanel)]  # fmt: skip
    assert shown == list(collect_tables(report))
    assert {"tables/tab1", "tables/runs", "tables/differences"} < set(shown)


def test_runs_without_a_group_are_named(report: SweepReport) -> None:
    assert find_filters(render(report, None)[1]) == [("name", "IN", [run.name for run in report.tested])]


def test_the_same_dashboard_is_written_again(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    def take(_: Any, query: str, variables: Any) -> Any:
        assert "upsertView" in query
        sent.append(variables)
        view = {"id": variables["id"] or "ab12", "displayName": "x", "description": "", "spec": variables["spec"],
                "project": {"name": "fakeid", "entityName": "a-team"}}  # fmt: skip
        return {"upsertView": {"view": view, "inserted": True}}

    api = SimpleNamespace(
        projects=lambda _: [SimpleNamespace(name="fakeid")], client=SimpleNamespace(app_url="https://wandb.example.org")
    )
    start = wandb.init
    monkeypatch.setattr("wandb.init", lambda **options: start(**{**options, "mode": "offline"}))
    monkeypatch.setattr(interface, "_get_api", lambda: api)
    monkeypatch.setattr(interface, "execute_graphql", take)
    monkeypatch.setattr("wandb.termlog", lambda *_: None)
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    console = Console(file=io.StringIO(), width=200)
    urls = {write_dashboard(sweep, console) for _ in range(2)}
    assert urls == {"https://wandb.example.org/a-team/fakeid/reports/fakeid:-my-runs--ab12"}
    assert [variables["id"] for variables in sent] == [None, "ab12"]
    assert {(variables["entityName"], variables["projectName"]) for variables in sent} == {("a-team", "fakeid")}
    run_id = json.loads((sweep / "report" / "wandb.json").read_text())["run"]
    assert f'"value":"{run_id}"' in sent[1]["spec"]
    assert isinstance(console.file, io.StringIO)
    assert "not yet uploaded: 1 run; wandb sync" in console.file.getvalue()


def test_whoever_is_not_logged_in_is_told_what_to_do(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["dashboard", str(sweep)])
    assert exit_info.value.code == FakeidError.exit_code
    said = capsys.readouterr().err
    assert said.startswith(
        "fakeid: a dashboard needs a W&B login, and nobody is logged in here: log in with `wandb login`"
    )
    assert f"wandb sync '{sweep}'/*/wandb/offline-run-*" in said
    assert not (sweep / "report").exists()


@pytest.mark.parametrize("mode", ["offline", "disabled"])
def test_offline_there_is_no_dashboard(sweep: Path, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setenv("WANDB_MODE", mode)
    with pytest.raises(FakeidError, match=f"WANDB_MODE={mode}: run `unset WANDB_MODE`"):
        write_dashboard(sweep)


def test_the_missing_package_is_named(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setattr("fakeid.commands.dashboard.find_spec", lambda _: None)
    with pytest.raises(FakeidError, match=r'pip install -e "\.\[dashboard\]"'):
        write_dashboard(sweep)


def test_untracked_runs_have_no_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    write_run(tmp_path / "runs")
    with pytest.raises(DataError, match=r"were not tracked by W&B \(logger=csv\)"):
        write_dashboard(tmp_path / "runs", Console(file=io.StringIO()))


def test_what_the_server_refuses_is_one_sentence(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise wandb.errors.CommError("permission denied\nand more")

    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    monkeypatch.setattr("fakeid.sweeps.tracking.track_report", lambda *_: None)
    monkeypatch.setattr(interface.Report, "save", refuse)
    with pytest.raises(FakeidError, match=r"rejected the dashboard \(permission denied\).*logger.entity=a-team"):
        write_dashboard(sweep, Console(file=io.StringIO()))
