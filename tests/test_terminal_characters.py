"""Output on terminals that support few characters."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from invented_sweep import write_run

from fakeid.terminal import make_plain

ROOT = Path(__file__).resolve().parents[1]

PRINTING = """
from rich.console import Console
from rich.table import Table
from fakeid.terminal import command_line_errors
from fakeid.errors import DataError
with command_line_errors():
    table = Table("\\N{EN DASH} caf\\u00e9 \\N{RIGHTWARDS ARROW} \\N{OWL}")
    Console(width=60, highlight=False).print(table, "1\\N{NO-BREAK SPACE}% \\udcff\\N{HORIZONTAL ELLIPSIS}")
    raise DataError("there is no folder \\N{GREEK SMALL LETTER OMEGA}\\N{PLUS-MINUS SIGN}")
"""


def run(encoding: str, *command: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0"}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, check=False, timeout=120, env=environment, cwd=ROOT
    )


@pytest.mark.parametrize(
    ("encoding", "table", "percent", "error"),
    [
        ("ascii", "- cafe -> ?", "1 % ?...", "?+-"),
        ("latin-1", "- café -> ?", "1\xa0% ?...", "?±"),
        ("utf-8", "\N{EN DASH} café → \N{OWL}", "1\xa0% ?…", "Ω±"),
    ],
)
def test_characters_that_are_not_there_are_printed_plainly(encoding: str, table: str, percent: str, error: str) -> None:
    ended = run(encoding, "-c", PRINTING.replace("GREEK SMALL LETTER OMEGA", "GREEK CAPITAL LETTER OMEGA"))
    said = ended.stdout.decode(encoding)
    assert ended.returncode == 1
    assert table in said
    assert percent in said
    assert ended.stderr.decode(encoding) == f"fakeid: there is no folder {error}\n"


def test_a_whole_report_and_help_in_ascii(tmp_path: Path) -> None:
    write_run(tmp_path, "seed=0", images=4)
    for words in (("report", str(tmp_path)), ("--help",)):
        ended = run("ascii", "-m", "fakeid", *words)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.isascii()


def test_likenesses() -> None:
    letters = "é\N{EN DASH}\N{MULTIPLICATION SIGN}…\N{COMBINING ACUTE ACCENT}鯨"
    assert [make_plain(letter) for letter in letters] == ["e", "-", "x", "...", "", "?"]
