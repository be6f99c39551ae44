"""`fakeid predict`: text for people, rows for programs, and robustness to whatever is in a folder."""

import contextlib
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import psutil
import pytest
from made_detectors import write_detector

from fakeid.commands import predict as command

Typed = Callable[..., tuple[int, str, str]]
NUM_FILES = int(os.environ.get("FAKEID_DRILL_FILES", "20000"))
ODD_NAMES = ("a b.png", "quo'te\".png", "new\nline.png", "=1+1.png", "[bold]x.png", "smile\U0001f600.png")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_detector(tmp_path_factory.mktemp("made") / "tested.ckpt"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty images and one file that is not an image."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(30):
        cv2.imwrite(str(folder / f"{number:02}.png"), rng.integers(0, 256, (48, 48, 3), np.uint8))
    (folder / "17.png").write_bytes(b"no image")
    return folder


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_words_for_a_person(typed: Typed, detector: str, photos: Path) -> None:
    code, out, err = typed("predict", detector, str(photos / "00.png"), str(photos / "17.png"), "--device", "cpu")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["real", str(photos / "00.png")]
    assert lines[1].startswith("        P(fake) = 0.")
    assert lines[1].endswith("of 100 real images fake") or "P(fake) between" in lines[1]
    assert lines[-3].split() == ["error", str(photos / "17.png")]
    assert lines[-2] == "        17.png is not a PNG, JPEG, WebP, BMP or TIFF image"
    assert lines[-1] == "1 real, 0 fake, 0 unsure, 1 could not be judged"


def test_rows_and_lines_hold_the_same(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    code, out, _ = typed("predict", detector, str(photos), "--csv", "x.csv", "--json", "x.jsonl")
    assert code == 0
    assert "1 could not be judged" in out
    assert out.splitlines()[-2:] == ["written to x.csv", "written to x.jsonl"]
    rows = read_rows(tmp_path / "x.csv")
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [row["path"] for row in rows] == [line["path"] for line in lines]
    assert [row["path"] for row in rows] == [str(photos / f"{number:02}.png") for number in range(30)]
    assert [row["p_fake"] for row in rows] == ["" if line["p_fake"] is None else repr(line["p_fake"]) for line in lines]
    assert [bool(row["error"]) for row in rows] == [number == 17 for number in range(30)]


def test_json_on_standard_output_is_nothing_but_json(typed: Typed, detector: str, photos: Path) -> None:
    _, out, err = typed("predict", detector, str(photos / "*.png"), "--json", "-")
    assert len([json.loads(line) for line in out.splitlines()]) == 30
    assert "could not be judged" in err


def test_odd_names_and_a_link_in_a_circle(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ODD_NAMES:
        (folder / name).write_bytes((photos / "00.png").read_bytes())
    (folder / "loop").symlink_to(folder)
    code, out, _ = typed("predict", detector, str(folder))
    assert code == 0
    assert "[bold]x.png" in out
    assert "new\\x0aline.png" in out
    (tmp_path / "\x1b[31mbad\n.png").write_bytes(b"no image")
    _, out, _ = typed("predict", detector, "\x1b[31mbad\n.png")
    assert out.splitlines()[1] == r"        \x1b[31mbad\x0a.png is not a PNG, JPEG, WebP, BMP or TIFF image"
    os.chdir(folder)
    typed("predict", detector, *ODD_NAMES, "--csv", str(tmp_path / "x.csv"))
    names = [row["path"] for row in read_rows(tmp_path / "x.csv")]
    assert names == ["'=1+1.png" if name == "=1+1.png" else name for name in ODD_NAMES]


def test_a_file_that_changes_while_it_is_read_is_one_row(
    typed: Typed, detector: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    whole = (photos / "00.png").read_bytes()
    for name in "abc":
        (folder / f"{name}.png").write_bytes(whole)
    path_open = Path.open

    def cut(self: Path, *given: object, **named: object) -> object:
        if self.name == "b.png":
            os.truncate(self, len(whole) // 2)
        elif self.name == "c.png":
            self.unlink()
        return path_open(self, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", cut)
    typed("predict", detector, str(folder), "--csv", "x.csv")
    monkeypatch.undo()
    rows = read_rows(tmp_path / "x.csv")
    assert [bool(row["verdict"]) for row in rows] == [True, False, False]
    assert "cut short" in rows[1]["error"]
    assert "No such file" in rows[2]["error"]


def test_what_was_written_is_kept_and_continued(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    words = ("predict", detector, str(photos), "--csv", "x.csv", "--json", "x.jsonl")
    typed(*words)
    whole, lines = (tmp_path / "x.csv").read_bytes(), (tmp_path / "x.jsonl").read_bytes()
    code, _, err = typed(*words)
    assert (code, err) == (1, "fakeid: x.csv already exists: continue it with --resume, or name another file\n")
    assert (tmp_path / "x.csv").read_bytes() == whole
    half = whole[: len(whole) // 2]
    (tmp_path / "x.csv").write_bytes(half)
    (tmp_path / "x.jsonl").write_bytes(lines[: len(lines) // 3])
    code, out, _ = typed(*words, "--resume")
    assert code == 0
    assert "of 30 images are already judged" in out
    assert (tmp_path / "x.csv").read_bytes().startswith(half[: half.rindex(b"\r\n")])
    (tmp_path / "whole.csv").write_bytes(whole)
    for row, first in zip(read_rows(tmp_path / "x.csv"), read_rows(tmp_path / "whole.csv"), strict=True):
        logits = row.pop("logit"), first.pop("logit")  # their last digits depend on the batch
        chances = row.pop("p_fake"), first.pop("p_fake")
        assert row == first
        for one, other in (logits, chances):
            assert (one == other == "") or float(one) == pytest.approx(float(other), abs=1e-5)
    whole = (tmp_path / "x.csv").read_bytes()
    assert (tmp_path / "x.jsonl").read_bytes().count(b"\n") == lines.count(b"\n") == 30
    assert "30 of 30 images are already judged" in typed(*words, "--resume")[1]
    assert (tmp_path / "x.csv").read_bytes() == whole


def test_a_second_file_costs_no_row_of_the_first(
    typed: Typed, detector: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("predict", detector, str(photos), "--once", "--csv", "x.csv")
    typed(*words)
    whole = (tmp_path / "x.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(command, "_write", Mock(side_effect=KeyboardInterrupt))
        assert typed(*words, "--json", "x.jsonl", "--resume")[0] == 130
    assert (tmp_path / "x.csv").read_bytes() == whole
    assert not (tmp_path / "x.jsonl").exists()
    assert typed(*words, "--json", "x.jsonl", "--resume")[0] == 0
    assert (tmp_path / "x.csv").read_bytes() == whole
    assert (tmp_path / "x.jsonl").read_bytes().count(b"\n") == 30


def test_another_spelling_of_a_folder_gives_no_second_rows(
    typed: Typed, detector: str, photos: Path, tmp_path: Path
) -> None:
    os.chdir(photos.parent)
    output = str(tmp_path / "x.csv")
    typed("predict", detector, photos.name, "--once", "--csv", output)
    whole = (tmp_path / "x.csv").read_bytes()
    _, out, _ = typed("predict", detector, str(photos), "--once", "--csv", output, "--resume")
    assert "30 of 30 images are already judged" in out
    assert (tmp_path / "x.csv").read_bytes() == whole


def test_a_refused_command_leaves_no_file(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert typed("predict", detector, "empty", "--csv", "x.csv")[0] == 1
    assert typed("predict", detector, str(photos / "00.png"), "--csv", "x.csv")[0] == 0


def test_results_of_another_detector_are_not_mixed(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    typed("predict", detector, str(photos / "00.png"), "--csv", "x.csv")
    other = write_detector(tmp_path / "other.ckpt", name="other")
    code, _, err = typed("predict", str(other), str(photos), "--csv", "x.csv", "--resume")
    assert code == 1
    assert "contains results of made " in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["photos"], "there is no file or folder 'photos'"),
        (["*.png"], "nothing matches '*.png'"),
        (["."], "found no images in .;"),
        ([".", "--genuine", "a.png"], "--genuine belongs to the sheets of --evidence DIR: name their folder too"),
        ([".", "--resume"], "--resume continues a file: name it with --csv or --json"),
        ([".", "--max-tiles", "0"], "--max-tiles: must be at least 1, got 0"),
        ([".", "--cvs", "x"], "there is no option --cvs; did you mean --csv"),
    ],
)
def test_mistakes_are_one_sentence(typed: Typed, detector: str, words: list[str], told: str) -> None:
    code, _, err = typed("predict", detector, *words)
    assert code in (1, 2)
    assert told in err
    assert err.count("\n") == 1


def test_drawings_need_a_word_more(typed: Typed, photos: Path, tmp_path: Path) -> None:
    drawn = str(write_detector(tmp_path / "drawn.ckpt", source="demo"))
    code, _, err = typed("predict", drawn, str(photos))
    assert code == 1
    assert "trained on drawings (data=demo)" in err
    assert typed("predict", drawn, str(photos / "00.png"), "--anyway")[0] == 0


def test_ctrl_c_says_how_far_it_came(
    typed: Typed, detector: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    write = command._write

    def stop_at_three(prediction: object, *given: object, **named: object) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(prediction)
        write(prediction, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "_write", stop_at_three)
    code, _, err = typed("predict", detector, str(photos), "--csv", "x.csv")
    assert code == 130
    assert err.startswith("fakeid: stopped after ")
    assert err.endswith("of 30 images; --resume continues x.csv\n")
    assert len(read_rows(tmp_path / "x.csv")) == 3


@pytest.mark.draws
def test_sheets_are_drawn_beside_a_genuine_photo(typed: Typed, detector: str, photos: Path, tmp_path: Path) -> None:
    words = ("predict", detector, str(photos / "16.png"), str(photos / "17.png"), str(photos / "18.png"))
    code, out, _ = typed(*words, "--evidence", "sheets", "--genuine", str(photos / "00.png"))
    assert code == 0
    assert out.endswith("written to sheets\n")
    assert sorted(path.name for path in (tmp_path / "sheets").iterdir()) == ["000001_16.png", "000003_18.png"]
    assert cv2.imread(str(tmp_path / "sheets" / "000001_16.png")).shape[1] > 1000
    for name in ("new\nline$^{.png", "smile\U0001f600<b>&.png"):
        (tmp_path / name).write_bytes((photos / "00.png").read_bytes())
        typed("predict", detector, name, "--evidence", "odd", "--genuine", name)
    assert len(list((tmp_path / "odd").iterdir())) == 2
    code, _, err = typed(*words, "--evidence", "other", "--csv", "x.csv")
    assert (code, err.count("\n")) == (2, 1)
    assert "name one with --genuine FILE" in err
    code, _, err = typed(*words, "--evidence", "other", "--genuine", str(photos / "17.png"), "--csv", "x.csv")
    assert code == 1
    assert "17.png is not a PNG" in err
    assert not (tmp_path / "x.csv").exists()


@pytest.mark.draws
def test_sheets_are_not_judged_and_names_need_not_be_text(
    typed: Typed, detector: str, photos: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "some"
    folder.mkdir()
    image = (photos / "00.png").read_bytes()
    (folder / "a.png").write_bytes(image)
    odd = os.fsdecode(b"\xff.png")
    try:
        (folder / odd).write_bytes(image)
    except OSError:
        pytest.skip("this file system takes text only")
    words = ("predict", detector, "some", "--once", "--evidence", "some/sheets", "--genuine", "some/a.png")
    for output in ("x.csv", "y.csv"):  # the second time, there are sheets
        assert typed(*words, "--csv", output)[0] == 0
        assert len(read_rows(tmp_path / output)) == 2
        assert sorted(path.name for path in (folder / "sheets").iterdir()) == ["000001_a.png", f"000002_{odd}"]


@pytest.mark.slow
def test_many_files_killed_five_times_in_bounded_memory(tmp_path: Path) -> None:
    """Small files and a small network take a millisecond per row. FAKEID_DRILL_FILES=100000 runs the long version."""
    detector = write_detector(tmp_path / "tested.ckpt", network={"backbone": "color_stats", "residual": "none"})
    folder = tmp_path / "many"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(10):
        cv2.imwrite(str(tmp_path / f"{number}.png"), rng.integers(0, 256, (33, 33, 3), np.uint8))
    for number in range(NUM_FILES):
        (folder / f"{number:06}.png").hardlink_to(tmp_path / f"{number % 10}.png")
    output = tmp_path / "x.csv"
    words = [sys.executable, "-m", "fakeid", "predict", str(detector), str(folder), "--csv", str(output), "--once"]
    memory = [run_until(words, output, round(share * NUM_FILES)) for share in (0.1, 0.3, 0.5, 0.7, 0.9, 2)]
    names = [Path(row["path"]).name for row in read_rows(output)]
    assert names == [f"{number:06}.png" for number in range(NUM_FILES)]
    assert max(memory) < memory[0] + 200e6  # independent of the number of rows


def run_until(words: list[str], output: Path, rows: int) -> int:
    """Start or continue, kill the program after `rows` rows, and return its peak memory in bytes."""
    process = psutil.Popen([*words, "--resume"], stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        with contextlib.suppress(psutil.Error):
            most = max(most, process.memory_info().rss)
        if count_lines(output) > rows:
            process.kill()
            process.wait()
            return most
        time.sleep(0.2)
    assert process.returncode == 0
    return most


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
