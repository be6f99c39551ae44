"""JSON files with a dataclass as their schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakeid.errors import DamagedFileError
from fakeid.evaluation.records.results import Estimate, Group
from fakeid.io import read_record, to_plain_record, write_record


@dataclass(frozen=True)
class Found:
    name: str
    groups: Mapping[str, Group] = field(default_factory=dict)


FOUND = Found("run", {"seen": Group(1, 2, {"auroc": Estimate(0.5, None, None)})})


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    write_record(tmp_path / "found.json", FOUND)
    assert read_record(tmp_path / "found.json", Found) == FOUND
    assert to_plain_record(FOUND)["groups"]["seen"]["metrics"]["auroc"] == {"value": 0.5, "low": None, "high": None}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "its content"),
        ("[]", "its content is"),
        ("{}", "name is missing"),
        ('{"name": 3}', "name is 3: input should be a valid string"),
        ('{"name": "x", "groups": {"seen": {"num_real": 1.5, "num_fake": 2}}}', "groups.seen.num_real is 1.5"),
        ('{"name": "x", "groups": {"seen": {"num_real": 1, "num_fake": 2, "metrics": {"a": {"value": 1e999}}}}}',
         "groups.seen.metrics.a.value"),
    ],
)  # fmt: skip
def test_damage_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "found.json"
    path.write_text(text)
    with pytest.raises(DamagedFileError, match="is damaged") as raised:
        read_record(path, Found)
    assert complaint in str(raised.value)


def test_keys_of_later_releases_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    path.write_text('{"name": "x", "news": [1]}')
    assert read_record(path, Found) == Found("x")
