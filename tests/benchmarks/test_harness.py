"""Running a function in another process: return values, exceptions and cleanup."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from fakeid.benchmarks.harness import in_fresh_process, take_turns
from fakeid.errors import WorkerError


def test_the_answer_comes_from_another_process() -> None:
    assert in_fresh_process(os.getpid) != os.getpid()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        in_fresh_process(os.listdir, "nowhere")


def test_what_it_prints_is_not_its_answer(capfd: pytest.CaptureFixture[str]) -> None:
    assert in_fresh_process(print, "a line") is None
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "a line\n")


def test_all_ways_have_their_turn_in_each_round() -> None:
    calls: list[tuple[str, int]] = []

    def note(name: str, number: int) -> float:
        calls.append((name, number))
        return {"a": [1.0, 9.0, 2.0], "b": [5.0, 3.0, 4.0]}[name][number]

    found = take_turns({name: lambda number, name=name: note(name, number) for name in "ab"}, 3)  # type: ignore[misc]
    assert calls == [(name, number) for number in range(3) for name in "ab"]
    assert found == {"a": 2.0, "b": 4.0}


def test_a_killed_process_is_told() -> None:
    with pytest.raises(WorkerError, match="killed a process that measures, most likely because memory ran out: use"):
        in_fresh_process(os._exit, 9)


@pytest.fixture
def hears_ctrl_c() -> Iterator[None]:
    """Restore Ctrl-C, which programs started in the background, and so these tests, may ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hears_ctrl_c")
def test_ctrl_c_ends_it_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    ours = psutil.Process()

    def list_others() -> list[psutil.Process]:
        alive = [child for child in ours.children() if child.status() != psutil.STATUS_ZOMBIE]  # killed, not yet reaped
        return [child for child in alive if "fakeid.benchmarks.harness" in " ".join(child.cmdline())]

    def press() -> None:
        while not list_others():
            time.sleep(0.01)
        assert all(os.getsid(process.pid) != os.getsid(0) for process in list_others())  # no Ctrl-C from the terminal
        ours.send_signal(signal.SIGINT)

    begun = time.monotonic()
    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        in_fresh_process(time.sleep, 60)
    assert time.monotonic() - begun < 30
    assert list_others() == []
    assert capfd.readouterr().err == ""
