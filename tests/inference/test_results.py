"""No output row is lost or doubled wherever writing stops, and none runs as a formula in a spreadsheet."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeid.errors import OutputError
from fakeid.inference.prediction import Caveat, Prediction, Verdict
from fakeid.inference.results import COLUMNS, CsvFile, JsonLinesFile, ResultFile, hash_path, to_csv, to_json

MODEL = "run 0123"
ODD = ("plain.png", 'quo"te,.png', "new\nline.png", "=HYPERLINK(1).png", "smile\U0001f600.png", "'=x.png", "a\rb.png")
KINDS = pytest.mark.parametrize("kind", [CsvFile, JsonLinesFile])


def build(path: str) -> Prediction:
    caveats = (Caveat("codec", "JPEG 71; trained on PNG"), Caveat("size", "small"))
    return Prediction(path, MODEL, Verdict.FAKE, "above", 0.75, 1.5, 1.0, 0.05, 0.02, 0.11, caveats, 30, 20)


def write(kind: type[ResultFile], path: Path, names: tuple[str, ...] = ODD) -> bytes:
    file = kind(path, MODEL, resume=False)
    for name in names:
        file.write(build(name))
    file.close()
    return path.read_bytes()


def test_a_csv_row_holds_all_that_is_known() -> None:
    row = dict(zip(COLUMNS, next(csv.reader([to_csv(build("a.png"))])), strict=True))
    assert row == {
        "path": "a.png", "model": MODEL, "verdict": "fake", "reason": "above", "p_fake": "0.75", "logit": "1.5",
        "threshold": "1.0", "false_positive_rate": "0.05", "false_positive_low": "0.02", "false_positive_high": "0.11",
        "caveats": "JPEG 71; trained on PNG; small", "width": "30", "height": "20", "error": "", "schema": "1",
    }  # fmt: skip


def test_a_line_of_json_holds_the_same() -> None:
    row = json.loads(to_json(build("a.png")))
    assert row["schema"] == 1
    assert row["caveats"][0] == {"kind": "codec", "text": "JPEG 71; trained on PNG"}
    assert set(row) == {*COLUMNS}
    assert json.loads(to_json(Prediction("b.png", MODEL, error="cut short")))["verdict"] is None


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(name: str) -> None:
    cells = next(csv.reader(io.StringIO(to_csv(Prediction(name, MODEL, reason=name, error=name)), newline="")))
    assert [cell for cell in cells if name in cell] == [f"'{name}"] * 3


@KINDS
@pytest.mark.parametrize("seed", range(3))
def test_wherever_it_was_cut_off_every_row_is_there_once(kind: type[ResultFile], tmp_path: Path, seed: int) -> None:
    names = ('quo"te,.png', "new\nline.png", "smile\U0001f600.png", "a\rb.png")
    whole = write(kind, tmp_path / "whole", names)
    for end in range(seed, len(whole) + 1, 3):
        path = tmp_path / f"{end}"
        path.write_bytes(whole[:end])
        file = kind(path, MODEL, resume=True)
        for name in names:
            file.write(build(name))  # skips those that have a row
        file.close()
        assert path.read_bytes() == whole, end


@KINDS
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), unique=True, min_size=1, max_size=5)
)
def test_any_name_is_found_again(
    kind: type[ResultFile], names: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rows") / "x"
    write(kind, path, tuple(names))
    file = kind(path, MODEL, resume=True)
    assert file.judged == {hash_path(name) for name in names}
    file.close()


@KINDS
def test_an_image_with_a_row_gets_no_second_one(kind: type[ResultFile], tmp_path: Path) -> None:
    whole = write(kind, tmp_path / "x")
    file = kind(tmp_path / "x", MODEL, resume=True)
    file.write(build(ODD[2]))
    file.write(build(str(Path(ODD[0]).absolute())))
    file.close()
    assert (tmp_path / "x").read_bytes() == whole


@KINDS
def test_a_new_file_without_rows_is_removed(kind: type[ResultFile], tmp_path: Path) -> None:
    kind(tmp_path / "x", MODEL, resume=False).close()
    assert not (tmp_path / "x").exists()
    (tmp_path / "x").touch()
    kind(tmp_path / "x", MODEL, resume=True).close()
    assert (tmp_path / "x").exists()


@KINDS
def test_what_is_there_is_not_lost(kind: type[ResultFile], tmp_path: Path) -> None:
    content = write(kind, tmp_path / "x")
    with pytest.raises(OutputError, match="continue it with --resume, or name another file"):
        kind(tmp_path / "x", MODEL, resume=False)
    with pytest.raises(OutputError, match="contains results of run 0123, not of other 1"):
        kind(tmp_path / "x", "other 1", resume=True)
    assert (tmp_path / "x").read_bytes() == content


@KINDS
@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b"a,b\n1,2\n", b'{"a": 1}\n', b"\xff\xfe\n", b"\n"])
def test_a_file_of_something_else_stays_as_it_is(kind: type[ResultFile], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(OutputError, match="is no output of fakeid predict"):
        kind(tmp_path / "x", MODEL, resume=True)
    assert (tmp_path / "x").read_bytes() == content


@KINDS
def test_two_writers_do_not_mix(kind: type[ResultFile], tmp_path: Path) -> None:
    first = kind(tmp_path / "x", MODEL, resume=False)
    with pytest.raises(OutputError, match="another process is writing"):
        kind(tmp_path / "x", MODEL, resume=True)
    first.close()


@KINDS
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_told_with_the_way_on(kind: type[ResultFile], tmp_path: Path) -> None:
    file = kind(tmp_path / "x", MODEL, resume=False)
    with Path("/dev/full").open("r+b") as full:
        file._file.close()
        file._file = full  # type: ignore[assignment]
        file.write(build("a.png"))
        with pytest.raises(OutputError, match=r"No space left on device\): fix this, then use --resume"):
            file.flush()
        with pytest.raises(OutputError, match="No space left"):
            file.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write to"):
        CsvFile(tmp_path / "file" / "x.csv", MODEL, resume=False)
