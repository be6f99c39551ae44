"""The live line at the bottom of a terminal: only one display at a time, and nothing left behind."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.live import Live

from fakeid.console import StatusLine, build_progress, end_display, find_console, print_sentence
from fakeid.terminal import command_line_errors

_HIDE, _SHOW, _ERASE = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"


@pytest.fixture
def console() -> Iterator[Console]:
    yield Console(
        force_terminal=True, force_interactive=True, color_system=None, file=io.StringIO(), width=60, soft_wrap=True
    )  # fmt: skip
    end_display()


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record how many displays are active after each start and stop."""
    counts, on = [], set()
    start, stop = Live.start, Live.stop

    def count_start(live: Live, refresh: bool = False) -> None:
        on.add(live)
        counts.append(len(on))
        start(live, refresh)

    def count_stop(live: Live) -> None:
        on.discard(live)
        counts.append(len(on))
        stop(live)

    monkeypatch.setattr(Live, "start", count_start)
    monkeypatch.setattr(Live, "stop", count_stop)
    return counts


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_line_and_a_bar_share_one_display(console: Console, started: list[int]) -> None:
    with StatusLine(console, "sweep: 1 done"):
        assert find_console() is console
        for _ in range(2):
            with build_progress(console) as progress:
                progress.add_task("training", total=8, unit="batches")
                console.print("epoch 1/2")
            with StatusLine(console, "measuring"):
                console.print("testing")
    assert started == [1, 0]
    assert find_console() is None
    last = drawn(console).split("epoch 1/2")[-1].split("testing")[0].splitlines()
    assert "sweep: 1 done" in last[1]
    assert "training" in last[2]


def test_the_cursor_comes_back_and_every_line_is_erased(console: Console) -> None:
    with StatusLine(console, "sweep: 1 done"), build_progress(console) as progress:
        progress.add_task("training", total=8, unit="batches")
        console.print("epoch 1/2")
    said = drawn(console)
    assert said.count(_HIDE) == said.count(_SHOW) == 1
    assert said.rindex(_HIDE) < said.rindex(_SHOW)
    assert said[said.rindex("sweep") : said.rindex(_SHOW)].count(_ERASE) == 2


def test_lines_are_cut_where_the_terminal_ends(console: Console) -> None:
    with StatusLine(console, "sweep: " + "a very long line " * 9), build_progress(console) as progress:
        progress.add_task("measuring " * 3, total=123_456, unit="batches")
        console.print("--")
    below = drawn(console).split("--")[1].splitlines()[1:3]
    assert all(0 < len(line.split("\r")[0]) <= 60 - len("^C^C") for line in below)  # the terminal echoes ^C there
    assert below[0].endswith("…")


def test_what_is_no_terminal_gets_nothing_that_moves() -> None:
    console = Console(file=io.StringIO())
    with StatusLine(console, "listing"), build_progress(console) as progress:
        progress.add_task("training", total=8, unit="batches")
    assert drawn(console) == ""


def test_ctrl_c_leaves_no_display(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    def press() -> None:
        StatusLine(console, "sweep: 1 done").start()
        build_progress(console).start()
        raise KeyboardInterrupt

    with pytest.raises(SystemExit), command_line_errors():
        press()
    assert find_console() is None
    assert drawn(console).rindex(_HIDE) < drawn(console).rindex(_SHOW)
    assert "stopped" in capsys.readouterr().err


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_sentence_breaks_between_words_in_a_terminal_and_nowhere_in_a_file(is_terminal: bool) -> None:
    console = Console(force_terminal=is_terminal, color_system=None, file=io.StringIO(), width=10)
    print_sentence(console, "a sentence with [brackets]")
    expected = ["a sentence", "with", "[brackets]"] if is_terminal else ["a sentence with [brackets]"]
    assert [line.rstrip() for line in drawn(console).splitlines()] == expected
