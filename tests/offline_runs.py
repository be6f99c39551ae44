"""Write offline W&B runs, and read `.wandb` files with W&B's own record types."""

import csv
import json
import os
import re
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from wandb.proto import wandb_internal_pb2

from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.io import read_json, read_record
from fakeid.training.tracking import RunTracker

COLUMNS = ("epoch", "train/loss", "train/accuracy", "val/loss", "val/accuracy", "val/auroc", "learning_rate", "images",
           "seconds")  # fmt: skip
BLOCK = 32768  # LevelDB's log format: a record header never crosses a block boundary
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


@dataclass
class OfflineRun:
    run_id: str
    name: str
    project: str
    group: str
    job_type: str
    tags: set[str]
    config: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    metrics: dict[str, str] = field(default_factory=dict)
    """The step metric of each defined name or name pattern."""


def find_offline_runs(folder: Path) -> list[OfflineRun]:
    """Find the runs in a run folder, oldest first, after W&B's process has finished writing."""
    paths = sorted((folder / "wandb").glob("offline-run-*/run-*.wandb"))
    for _ in range(300):
        if all(is_closed(path) for path in paths):
            break
        time.sleep(0.1)
    return [read_offline_run(path) for path in paths]


def is_closed(path: Path) -> bool:
    return any(record.WhichOneof("record_type") == "exit" for record in read_records(path))


def read_offline_run(path: Path) -> OfflineRun:
    records = list(read_records(path))
    started = next(record.run for record in records if record.WhichOneof("record_type") == "run")
    run = OfflineRun(
        started.run_id, started.display_name, started.project, started.run_group, started.job_type, set(started.tags),
        {item.key: json.loads(item.value_json) for item in started.config.update},
    )  # fmt: skip
    for record in records:
        kind = record.WhichOneof("record_type")
        if kind == "config":
            run.config |= {item.key: json.loads(item.value_json) for item in record.config.update}
        elif kind == "history":
            run.history.append({name_item(item): json.loads(item.value_json) for item in record.history.item})
        elif kind == "summary":
            for item in record.summary.update:
                put(run.summary, list(item.nested_key) or [item.key], json.loads(item.value_json))
        elif kind == "metric":
            run.metrics[record.metric.name or record.metric.glob_name] = record.metric.step_metric
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return run


def read_records(path: Path) -> Iterator[Any]:
    """Read the records written so far, in LevelDB's log format."""
    content = path.read_bytes()
    assert content[:4] in (b":W&B", b"")
    position, parts = 7, b""
    while position + 7 <= len(content):
        left = BLOCK - position % BLOCK
        if left < 7:
            position += left
            continue
        _, length, kind = struct.unpack("<IHB", content[position : position + 7])
        assert kind in (FULL, FIRST, MIDDLE, LAST), f"{path} is damaged at {position}"
        if position + 7 + length > len(content):
            return
        parts += content[position + 7 : position + 7 + length]
        position += 7 + length
        if kind in (FULL, LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(parts)
            parts = b""
            yield record


def find_bad_names(run: OfflineRun) -> list[str]:
    """List logged names and configuration keys that W&B could not query: allowed are letters, digits, / and _."""
    return [name for name in (*list_names(run), *run.config) if not re.fullmatch(r"[A-Za-z0-9_/]+", name)]


def list_names(run: OfflineRun) -> set[str]:
    """List all logged names, except W&B's own and its type markers of tables, images and summaries."""
    logged = {name for row in run.history for name in row} | set(run.summary)
    return {name.partition(".")[0] for name in logged if not name.startswith("_")}


def name_item(item: Message) -> str:
    return ".".join(item.nested_key) or item.key


def put(values: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        values = values.setdefault(key, {})
    values[keys[-1]] = value


def write_history(path: Path, epochs: int) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for epoch in range(1, epochs + 1):
            writer.writerow([epoch, *(round(0.1 * epoch + 0.01 * i, 3) for i in range(len(COLUMNS) - 1))])


def open_tracker(folder: Path) -> RunTracker:
    config = read_json(folder / "summary.json")["config"]
    tags = [f"{axis}={config[axis]}" for axis in ("categories", "dropout", "seed")]
    return RunTracker(folder, config, tags)


def track_run(folder: Path, epochs: int = 5) -> None:
    """Track a run with the same calls, in the same order, as a training; may run in another process."""
    os.environ["WANDB_MODE"] = "offline"
    tracker = open_tracker(folder)
    for epoch in range(1, epochs + 1):
        write_history(folder / "history.csv", epoch)
        tracker.log_history()
    tracker.log_results(read_record(folder / "summary.json", RunSummary), [])
    assert str(tracker.finish()).startswith(f"wandb sync {folder}")
