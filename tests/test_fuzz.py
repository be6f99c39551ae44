"""Randomly modified files are read without error or end in one of fakeid's own errors."""

import copy
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from invented_evaluation import describe_evaluation, invent_swap
from invented_evaluation import invent_scores as invent_evaluated
from invented_sweep import GOOD_AUDIT, write_run
from rich.console import Console

from fakeid.checkpoints import hash_checkpoint
from fakeid.commands.detectors import read_scored_run
from fakeid.commands.status import print_status
from fakeid.config.parse import Config, to_plain
from fakeid.data.cache.image_cache import ImageCache
from fakeid.data.cache.packing import Preparation
from fakeid.data.plans import Plan, read_plan, write_plan
from fakeid.data.sources.demo import DemoSource
from fakeid.errors import FakeidError
from fakeid.evaluation.quadrants import TrainedOn
from fakeid.evaluation.scores import write_scores
from fakeid.io import compute_once, write_record
from fakeid.reporting.renderers import render_terminal
from fakeid.reporting.run.tables import list_misplaced, tabulate_run
from fakeid.reporting.sweep.page import render_sweep_markdown
from fakeid.reporting.sweep.tables import tabulate_provenance, tabulate_runs
from fakeid.runs.evaluate.evaluation import adopt
from fakeid.runs.layout import RunFolder
from fakeid.runs.states import lacks_evaluation
from fakeid.runs.test import read_history
from fakeid.sweeps.report import read_report
from fakeid.sweeps.tracking import recall
from fakeid.training.callbacks import write_history
from fakeid.training.checkpoint import check_fits, load_module, read_card
from fakeid.training.module import DetectorModule

JUNK: Final = (
    None, True, 0, -1, 7, 2**70, 10**400, 0.5, float("inf"), float("nan"), "", "x", "\ud800", [], ["x"], [[1]], {},
    {"x": 1},
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore")  # modified numbers may cause warnings


def fuzzed(examples: int) -> settings:
    """Use the same examples every time."""
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


@st.composite
def change_value(draw: st.DrawFn, value: Any) -> Any:
    """Replace or remove a random part of the value."""
    if not isinstance(value, (dict, list)) or not value or draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(JUNK))
    changed = copy.copy(value)
    key = draw(st.sampled_from(list(changed) if isinstance(changed, dict) else range(len(changed))))
    if draw(st.integers(0, 5)) == 0:
        del changed[key]
    else:
        changed[key] = draw(change_value(changed[key]))
    return changed


@st.composite
def change_bytes(draw: st.DrawFn, content: bytes) -> bytes:
    """Truncate the content or change random bytes in it."""
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.sampled_from((b"", b"\x00", b"\xff", b"}", b"9" * 30 + content[at + 1 :], b",")))


@st.composite
def change_json(draw: st.DrawFn, content: bytes) -> bytes:
    """Change a JSON file at random."""
    if draw(st.integers(0, 3)) == 0:
        return draw(change_bytes(content))
    return json.dumps(draw(change_value(json.loads(content)))).encode()


@contextmanager
def changed(path: Path, content: bytes) -> Iterator[None]:
    """Replace the content of a file temporarily."""
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished and evaluated run, beside one that was not evaluated."""
    root = tmp_path_factory.mktemp("runs")
    _, run = (write_run(root, f"seed={seed}", "categories=1", images=4, audit=GOOD_AUDIT) for seed in (0, 1))
    trained_on = TrainedOn(("leaves",), ("gan",))
    scores = invent_evaluated(("leaves", "coral"), ("gan", "other"), ("none", "jpeg-75"), trained_on, each=4)
    numbers = describe_evaluation(scores, trained_on, None, resamples=4, swap=invent_swap())
    write_scores(run.evaluation.scores, scores)
    write_record(run.evaluation.numbers, numbers)
    write_history(run.history, [{"epoch": 1, "seconds": 2.0, "images": 7}])
    return run


def read_everything(run: RunFolder) -> None:
    """Read the run as `report`, `status`, `compare` and a repeated `train` do."""
    console = Console(file=io.StringIO(), width=120)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: print_status(run.path.parent, console),
        lambda: read_scored_run(run.path),
        lambda: console.print(render_terminal(tabulate_run(run.read_summary())), *list_misplaced(run.read_summary())),
        lambda: (lacks_evaluation(run, Config()), run.is_done(), run.read_data(), run.read_audit()),
    )
    for attempt in attempts:
        with suppress(FakeidError, FileNotFoundError):
            attempt()
    report = read_report(run.path.parent)  # never fails, because the other run is intact
    render_sweep_markdown(report)
    tabulate_runs(report.configurations)
    tabulate_provenance(report.tested)


@pytest.mark.parametrize("name", ["status.json", "summary.json", "evaluation/evaluation.json"])
def test_the_json_files_of_a_run(sweep: RunFolder, name: str) -> None:
    path = sweep.path / name

    @given(change_json(path.read_bytes()))
    @fuzzed(30)
    def check(content: bytes) -> None:
        with changed(path, content):
            read_everything(sweep)

    check()


@pytest.mark.parametrize("name", ["config.yaml", "scores.csv", "evaluation/scores.csv"])
def test_the_other_files_of_a_run(sweep: RunFolder, name: str) -> None:
    path = sweep.path / name

    @given(change_bytes(path.read_bytes()))
    @fuzzed(15)
    def check(content: bytes) -> None:
        with changed(path, content):
            read_everything(sweep)

    check()


def test_the_history_of_a_run(sweep: RunFolder) -> None:
    @given(change_bytes(sweep.history.read_bytes()))
    @fuzzed(60)
    def check(content: bytes) -> None:
        with changed(sweep.history, content), suppress(FakeidError):
            read_history(sweep.history)

    check()


@pytest.mark.parametrize("pattern", ["identity.json", "*.index.json"])
def test_the_files_of_a_cache(tmp_path: Path, pattern: str) -> None:
    source = DemoSource(images_per_class=1, image_px=40)
    records = list(source.records())[:3]
    cache = ImageCache(tmp_path, source, Preparation(40, "crop", "none"))
    cache.load(records)
    (path,) = cache.folder.glob(pattern)

    @given(change_json(path.read_bytes()))
    @fuzzed(60)
    def check(content: bytes) -> None:
        with changed(path, content), suppress(FakeidError):
            packed = cache.load(records)
            packed.fingerprints([record.key for record in records if record.key not in packed.skipped])
            cache.verify()

    check()


def test_what_can_be_computed_again(tmp_path: Path) -> None:
    records = list(DemoSource(images_per_class=1, image_px=40).records())[:6]
    plan = Plan(records[:2], records[2:4], records[4:], ("leaves",), ("coral",), "coral")
    memo = tmp_path / "wandb.json"
    remembered = partial(compute_once, memo, dict[str, str], lambda: {"run": "x"})
    remembered()
    written = tmp_path / "plan.json"
    write_plan(written, plan)

    @given(change_json(written.read_bytes()), change_json(memo.read_bytes()))
    @fuzzed(60)
    def check(changed_plan: bytes, content: bytes) -> None:
        with changed(written, changed_plan), suppress(FakeidError):
            read_plan(written).count()
        with changed(memo, content):
            recall(tmp_path, "run")
            assert remembered() == {"run": "x"}

    check()


def test_checkpoints(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = DetectorModule({"backbone": "color_stats", "color": "rgb", "residual": "none"})
    card = {
        "name": "run", "categories": ["leaves"], "generators": ["gan"], "held_out": None, "config": to_plain(Config()),
        "data": {"source": {"source": "demo"}, "digest": "x", "images": {}}, "precision": "float32",
        "calibration": None,
    }  # fmt: skip
    whole = {"epoch": 0, "hyper_parameters": dict(module.hparams), "state_dict": module.state_dict(), "fakeid": card}
    path = tmp_path / "tested.ckpt"
    torch.save(whole, path)

    def read() -> None:
        for attempt in (load_module, hash_checkpoint, lambda file: check_fits(file, module)):
            with suppress(FakeidError):
                attempt(path)
        with suppress(FakeidError):
            adopt(read_card(path), Config())

    @given(change_bytes(path.read_bytes()))
    @fuzzed(20)
    def check_bytes(content: bytes) -> None:
        with changed(path, content):
            read()

    @given(change_value(whole))
    @fuzzed(60)
    def check_values(value: Any) -> None:
        file = io.BytesIO()
        torch.save(value, file)
        with changed(path, file.getvalue()):
            read()

    check_bytes()
    check_values()
