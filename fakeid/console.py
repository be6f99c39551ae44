"""Show status lines and progress bars in one live display at the bottom of a terminal."""

import threading
import time
from typing import Final, TypeAlias, Union

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.spinner import Spinner
from rich.table import Column
from rich.text import Text

_Row: TypeAlias = Union["_Bar", "StatusLine"]

_LONGEST_BAR: Final = 40  # characters
_MARGIN: Final = 5
"""Characters kept free at the right edge, so that the ^C that a terminal echoes does not wrap to a new line."""


class _Display:
    """Rows below everything that is printed to a console, the newest at the bottom.

    The height never shrinks until the display ends, because a printing thread moves the cursor back by that height
    while another thread may be drawing.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._rows: list[_Row] = []
        self._height = 0
        self._live: Live | None = None

    @property
    def console(self) -> Console | None:
        return self._live.console if self._live else None

    def show(self, row: _Row, console: Console) -> None:
        with self._lock:
            if row not in self._rows:
                self._rows.append(row)
            if self._live is None:
                self._live = Live(self, console=console, transient=True)
                self._live.start(refresh=True)

    def hide(self, row: _Row) -> None:
        with self._lock:
            if row in self._rows:
                self._rows.remove(row)
            if not self._rows:
                self.end()

    def end(self) -> None:
        with self._lock:
            live, self._live, self._rows, self._height = self._live, None, [], 0
            if live:
                live.stop()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrower = options.update_width(max(1, options.max_width - _MARGIN))
        lines = [line for row in list(self._rows) for line in console.render_lines(row, narrower, pad=False)]
        self._height = max(self._height, len(lines))
        for line in [*lines, *[[]] * (self._height - len(lines))]:
            yield from line
            yield Segment.line()


_DISPLAY: Final = _Display()


class StatusLine:
    """Spinner with a line of text, for work without a count; as a context manager, shown while the block runs.

    Args:
        console: Console to draw on; nothing is shown if it is not a terminal.
        text: Text of the line, cut at the width of the terminal.
    """

    def __init__(self, console: Console, text: str) -> None:
        self._console = console
        self._text = text
        self._spinner = Spinner("dots")

    def update(self, text: str) -> None:
        """Replace the text of the line."""
        self._text = text

    def start(self) -> None:
        """Show the status line."""
        if self._console.is_terminal:
            _DISPLAY.show(self, self._console)

    def stop(self) -> None:
        """Remove the status line."""
        _DISPLAY.hide(self)

    def __enter__(self) -> "StatusLine":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __rich__(self) -> Text:
        sign = self._spinner.render(time.monotonic())
        assert isinstance(sign, Text)
        return Text.assemble(sign, " ", self._text, no_wrap=True, overflow="ellipsis")


class _Bar(Progress):
    """Progress bar that is drawn by `_Display` instead of by itself."""

    def start(self) -> None:
        if not self.disable:
            _DISPLAY.show(self, self.console)

    def stop(self) -> None:
        _DISPLAY.hide(self)


def build_progress(console: Console) -> Progress:
    """Build a progress bar with count, elapsed and remaining time; hidden if the console is not a terminal."""
    return _Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None, table_column=Column(max_width=_LONGEST_BAR)),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        disable=not console.is_terminal,
    )


def print_sentence(console: Console, text: str, *, style: str | None = None) -> None:
    """Print text that wraps at words in a terminal and stays on one line in a file."""
    console.print(text, style=style, soft_wrap=not console.is_terminal, markup=False, highlight=False)


def make_printable(text: str) -> str:
    """Escape the control characters of a text, such as the name of a file, so that a terminal does not obey them."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def find_console() -> Console | None:
    """Return the console of the live display, which is then the one to print to; None if nothing is shown."""
    return _DISPLAY.console


def end_display() -> None:
    """Remove everything from the live display, whatever was interrupted, and restore the cursor."""
    _DISPLAY.end()
