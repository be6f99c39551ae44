"""The paths in docs/architecture.md lead through existing files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w/]+\.py|\w+/[\w/]+(?:/|\.html))`", PAGE))))
def test_each_place_is_there(name: str) -> None:
    assert (ROOT / "fakeid" / name).exists() or (ROOT / name).exists()


def test_no_walk_goes_back() -> None:
    """Each path lists a file once, and about thirty files in all."""
    for walk in PAGE.split("\n## ")[1:4]:
        files = re.findall(r"^\| \d+ \| `(\S+)`", walk, re.MULTILINE)
        assert len(files) == len(set(files)) <= 36
