"""A function in a process of its own: what it returns, what it raises, and what becomes of it."""

import os
import signal
import threading
import time

import psutil
import pytest

from fakeid.errors import WorkerError
from fakeid.runs.fresh_process import in_fresh_process


def test_the_answer_comes_from_another_process() -> None:
    assert in_fresh_process(os.getpid) != os.getpid()
    with pytest.raises(FileNotFoundError, match="nowhere"):
        in_fresh_process(os.listdir, "nowhere")


def test_a_killed_process_is_told() -> None:
    with pytest.raises(WorkerError, match="ended a process that measures, most likely because memory ran out: ask"):
        in_fresh_process(os._exit, 9)


def test_ctrl_c_ends_it_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    ours = psutil.Process()

    def list_others() -> list[psutil.Process]:
        return [child for child in ours.children() if "spawn_main" in " ".join(child.cmdline())]

    def press() -> None:
        while signal.getsignal(signal.SIGINT) is signal.SIG_IGN or not list_others():
            time.sleep(0.01)
        for process in (*list_others(), ours):  # as a terminal does
            process.send_signal(signal.SIGINT)

    begun = time.monotonic()
    threading.Thread(target=press, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        in_fresh_process(time.sleep, 60)
    assert time.monotonic() - begun < 30
    assert list_others() == []
    assert capfd.readouterr().err == ""
