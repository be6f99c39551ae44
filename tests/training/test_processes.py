"""Two real processes that only add a number, in all the ways in which they can end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, sys, time
from functools import partial
import torch, torch.distributed as dist
from fakeid.errors import DataError, FakeidError
from fakeid.training.processes import Leader, agree
from fakeid.training.world import World

def say(*words):
    os.write(1, (" ".join(map(str, words)) + chr(10)).encode())  # at once: print writes the end of the line apart

def add(world, how):
    say("word", agree(f"of {world.rank}"))
    total = torch.tensor([world.rank + 1.0])
    dist.all_reduce(total)
    say("sum", total.item())
    if how == "breaks" and world.rank:
        raise ValueError("a mistake")
    if how == "killed" and world.rank:
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "breaks_alone" and not world.rank:
        raise ValueError("a mistake of the first")
    while how not in ("ends", "uncalled"):
        dist.all_reduce(total)

def prepare(how, world):
    if how == "unprepared":
        raise DataError("no images")
    return "cpu", partial(add, world, how)

if __name__ == "__main__":
    how = sys.argv[1]
    if how == "ends":  # as in a worker of joblib
        import multiprocessing, joblib.externals.loky
        multiprocessing.set_start_method("loky", force=True)
    world = World(size=2)
    try:
        with Leader(world, partial(prepare, how)) as leader:
            if how != "uncalled":
                with leader.training("cpu"):
                    add(world, how)
        assert not dist.is_initialized()
    except FakeidError as error:
        sys.exit(f"{type(error).__name__}: {error}")
"""


def start(folder: Path, how: str) -> subprocess.Popen[str]:
    path = folder / "script.py"
    path.write_text(SCRIPT)
    return subprocess.Popen(
        [sys.executable, str(path), how], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - a script of CI may ignore it
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> list[str]:
    """What was printed, sorted; it ends when the last process that could print has ended."""
    output, _ = process.communicate(timeout=240)
    return sorted(line.removeprefix("[rank0]: ") for line in output.splitlines())  # so torch marks tracebacks


@pytest.mark.slow
def test_they_add_up_and_agree_on_what_the_first_says(tmp_path: Path) -> None:
    process = start(tmp_path, "ends")
    assert finish(process) == ["sum 3.0", "sum 3.0", "word of 0", "word of 0"]
    assert process.returncode == 0
    assert finish(start(tmp_path, "uncalled")) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "sentence"),
    [("unprepared", "DataError: no images"), ("killed", "DeviceError: process 1 of 0 to 1 was ended by SIGKILL")],
)
def test_what_a_user_can_mend_is_one_sentence(tmp_path: Path, how: str, sentence: str) -> None:
    process = start(tmp_path, how)
    lines = [line for line in finish(process) if not line.startswith(("sum", "word"))]
    assert process.returncode == 1
    assert len(lines) == 1
    assert lines[0].startswith(sentence)


@pytest.mark.slow
def test_a_mistake_of_ours_is_told_with_its_process(tmp_path: Path) -> None:
    assert "RuntimeError: process 1 failed: ValueError: a mistake" in finish(start(tmp_path, "breaks"))
    lines = finish(start(tmp_path, "breaks_alone"))
    assert "ValueError: a mistake of the first" in lines
    assert not any("RuntimeError" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_without_the_first_the_others_end_in_silence(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, "goes on")
    assert process.stdout is not None
    while not process.stdout.readline().startswith("sum"):
        pass
    if number == signal.SIGINT:  # as Ctrl-C in a terminal
        os.killpg(process.pid, number)
    else:
        process.kill()
    lines = [line for line in finish(process) if not line.startswith(("sum", "word"))]
    assert process.returncode == -number
    if number == signal.SIGINT:
        assert sum("Traceback" in line for line in lines) == 1
        assert "KeyboardInterrupt" in lines
    else:
        assert lines == []
