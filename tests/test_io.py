import errno
import os
from pathlib import Path
from typing import IO

import pytest

from fakeid.errors import OutputError
from fakeid.io import (
    check_writable,
    clear_output_errors,
    lock_folder,
    read_json,
    shorten_name,
    write_atomically,
    write_json,
)
from fakeid.seeding import derive_seed


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_done(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "runs", "paths.runs")
    assert list((tmp_path / "new" / "runs").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write to .*; choose another with paths.runs=DIR"):
        check_writable(tmp_path / "file" / "runs", "paths.runs")


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail(file: IO[bytes]) -> None:
        file.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_round_trip_refuses_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b.json", {"x": [1, None, "é"]})
    assert read_json(tmp_path / "a" / "b.json") == {"x": [1, None, "é"]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "b.json", float("nan"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ELOOP, errno.EFBIG])
def test_system_errors_name_folder_and_option(number: int) -> None:
    way_out = "raise the limit with ulimit -f" if number == errno.EFBIG else "choose another with paths.runs=DIR"
    with (
        pytest.raises(OutputError, match=f"cannot write to out: .*; {way_out}"),
        clear_output_errors(Path("out"), "paths.runs"),
    ):
        raise OSError(number, os.strerror(number))


def test_other_system_errors_pass() -> None:
    with pytest.raises(OSError, match="Interrupted"), clear_output_errors(Path("out"), "paths.runs"):
        raise OSError(errno.EINTR, "Interrupted")


def test_a_lock_is_held_once_and_freed(tmp_path: Path) -> None:
    with (
        lock_folder(tmp_path, wait=False, busy=""),
        pytest.raises(OutputError, match="taken"),
        lock_folder(tmp_path, wait=False, busy="taken"),
    ):
        pass
    with lock_folder(tmp_path, wait=False, busy="taken"):
        pass


@pytest.mark.parametrize("letter", ["x", "ä", "\N{OWL}", "\udcff"])
def test_too_long_a_name_is_cut_to_one_of_its_own(tmp_path: Path, letter: str) -> None:
    fits, longer, longest = (letter * (255 // len(os.fsencode(letter)) + more) for more in (0, 1, 300))
    assert shorten_name(fits) == fits
    names = {fits, shorten_name(longer), shorten_name(longest)}
    assert len(names) == 3
    for name in names:
        (tmp_path / name).touch()


def test_seeds_are_the_same_everywhere_and_apart() -> None:
    assert derive_seed(0, "order", 1) == 4739946833832999988
    assert len({derive_seed(0, "order", 1), derive_seed(0, "order1"), derive_seed(1, "order", 1)}) == 3
    assert all(0 <= derive_seed(i) < 2**63 for i in range(100))
