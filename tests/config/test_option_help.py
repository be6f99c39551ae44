"""Option descriptions in `--help` and tab completion."""

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakeid.config.help import explain
from fakeid.config.parse import Config

ROOT = Path(__file__).resolve().parents[2]


Typed = Callable[..., tuple[int, str, str]]


def run(program: str, *arguments: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, program, *arguments],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **environment},
    ).stdout  # fmt: skip


@pytest.mark.parametrize("width", [80, 100])
def test_help_explains_each_option_and_fits_the_terminal(
    width: int, typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = typed("train", "--help")[1].splitlines()
    of_options = lines[lines.index("Options (path=value), with the values that these choices give") :]
    assert max(map(len, of_options[:-3])) <= width
    described = next(line for line in of_options if line.startswith("  learning_rate"))
    assert described.split() == ["learning_rate", "0.001", "learning", "rate", "of", "Adam", "(paper:", "0.001)"]
    assert "source of the images (demo, folders, lsun_progan, simulated)" in " ".join(" ".join(of_options).split())
    assert any(line.startswith("  loss") and "softmax_ce applies the softmax twice" in line for line in of_options)


def test_help_shows_the_values_of_the_chosen_presets(typed: Typed) -> None:
    _, text, _ = typed("train", "--help", "data=lsun_progan", "paths.data=$DIR", "protocol=corrected")
    assert "[cat, church_outdoor, train," in text
    assert "center_crop" in text
    assert "$DIR" in text


def test_every_option_has_a_line_of_its_own() -> None:
    def list_silent(schema: Any) -> list[str]:
        found = []
        for entry in dataclasses.fields(schema):
            if dataclasses.is_dataclass(entry.type):
                found += list_silent(entry.type)
            elif "help" not in entry.metadata and getattr(entry.type, "__module__", "") != "fakeid.config.choices":
                found.append(entry.name)
        return found

    assert list_silent(Config) == []


def test_lines_are_written_alike() -> None:
    """Descriptions start in lower case unless the word is in capitals; only two sentences end in a full stop."""

    def list_lines(schema: Any) -> Iterator[str]:
        for entry in dataclasses.fields(schema):
            yield explain(entry)
            if dataclasses.is_dataclass(entry.type):
                yield from list_lines(entry.type)

    lines = list(list_lines(Config))
    assert len(lines) > 80
    assert [line for line in lines if re.match(r"[A-Z](?![A-Z])", line)] == []
    assert [line for line in lines if line.endswith(".") != bool(re.search(r"\. [A-Z]", line))] == []


def test_only_the_sweep_offers_grids(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "grid" not in typed("train", "--help")[1].replace("a small grid", "")
    assert "grid: custom, demo, families, full" in typed("sweep", "--help")[1]
    for program, offered in (("train", []), ("sweep", ["grid="])):
        monkeypatch.setenv("COMP_LINE", f"python {program}.py gri")
        assert typed(program, "-sc", "query=bash")[1].split() == offered


@pytest.mark.parametrize(
    ("word", "offered"),
    [
        ("protocol.loss=", ["protocol.loss=softmax_ce", "protocol.loss=bce"]),
        ("protocol.loss=b", ["protocol.loss=bce"]),
        ("force=", ["force=true", "force=false"]),
        ("optim.epochs=", ["optim.epochs=12"]),
        ("color=h", ["color=hsv"]),
        ("model=", ["model=color_stats", "model=pelee_hpf", "model=timm", "model=xception"]),
    ],
)
def test_completion_offers_what_can_be_typed(
    word: str, offered: list[str], typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMP_LINE", f"python train.py {word}")
    assert typed("train", "-sc", "query=bash")[1].split() == offered


@pytest.mark.parametrize(
    ("program", "typed"),
    [
        ("train.py", ["--help"]),
        ("sweep.py", ["--help"]),
        ("train.py", ["-sc", "query=bash"]),
        ("sweep.py", ["-sc", "query=bash"]),
        ("fakeid/__main__.py", ["--help"]),
        ("fakeid/__main__.py", ["evaluate", "--help"]),
    ],
)
def test_help_and_completion_load_nothing_heavy(program: str, typed: list[str]) -> None:
    """Heavy modules take a second or more to load. Check loaded modules, because timings depend on machine load."""
    script = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(*sorted({'torch', 'cv2', 'scipy', 'numpy', 'pytorch_lightning', 'wandb', 'rich'} & set(sys.modules)))"
    )
    said = run("-c", script, program, *typed, PYTHONPATH=str(ROOT), COMP_LINE=f"python {program} optim.e")
    assert said.splitlines()[-1] == ""


def test_a_finished_run_is_shown_without_torch() -> None:
    script = "import sys, fakeid.runs.show, fakeid.data.sources.demo; print('torch' in sys.modules)"
    assert run("-c", script, PYTHONPATH=str(ROOT)) == "False\n"
