import json
from typing import Any

import pytest

from fakeid.errors import DamagedFileError
from fakeid.io import read_json
from fakeid.shapes import COUNT, find_fault

SHAPE = {"name": str, "done": COUNT, "rate": (None, float), "more?": [{"seen": bool}], str: {"low": float}}
GOOD = {"name": "x", "done": 3, "rate": 1, "more": [{"seen": True}], "auroc": {"low": 0.5}}


@pytest.mark.parametrize("value", [GOOD, {"name": "", "done": 0, "rate": None}, {**GOOD, "auroc": {"low": 1, "x": []}}])
def test_what_fits(value: Any) -> None:
    assert find_fault(value, SHAPE) is None


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"name": 3}, "name is 3 instead of text"),
        ({"done": -1}, "done is -1 instead of a whole number from 0"),
        ({"done": True}, "done is True instead of a whole number from 0"),
        ({"rate": float("inf")}, "rate is inf instead of a number"),
        ({"rate": float("nan")}, "rate is nan instead of a number"),
        ({"rate": 10**400}, "rate is 1000000000000000000000000000000000000000 ... instead of a number"),
        ({"more": {}}, "more is {} instead of a list"),
        ({"more": [{"seen": False}, {}]}, "more.1.seen is missing"),
        ({"auroc": {"low": "0.5"}}, "auroc.low is '0.5' instead of a number"),
    ],
)
def test_the_first_fault_is_named_with_its_place(changes: dict[str, Any], fault: str) -> None:
    assert find_fault({**GOOD, **changes}, SHAPE) == fault


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"\xff\xfe", b'{"name": ', b"[" * 100_000, b"9" * 5000])
def test_whatever_a_file_holds_is_told_in_a_sentence(tmp_path: Any, content: bytes) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"status.json is damaged \(.+\)"):
        read_json(path, {"name": str})


def test_a_missing_file_stays_one_and_a_folder_is_told(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "status.json")
    with pytest.raises(DamagedFileError, match="cannot be read"):
        read_json(tmp_path)
    (tmp_path / "x.json").write_text(json.dumps(GOOD))
    assert read_json(tmp_path / "x.json", SHAPE) == GOOD
