"""LMDB files read in place by several processes, and damaged files."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from genuine_trees import write_database, write_lsun
from lsun_reading import message, open_lsun, stored_values

from fakeid.data.records import Record
from fakeid.data.sources import lmdb_database as database_module
from fakeid.data.sources.lsun import LsunSource
from fakeid.errors import BadImageError


def test_lots_of_keys_join_without_gap_or_repetition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {f"{number:040x}": b"x" for number in range(1000)}
    write_database(tmp_path / "cat", values)
    for at_once in (1, 7, 500, 999, 1000, 1001):
        monkeypatch.setattr(database_module, "_KEYS_AT_ONCE", at_once)
        assert list(database_module.open_database(tmp_path / "cat").keys()) == sorted(values)


def test_the_file_is_mapped_anew_from_time_to_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_MAX_MAPPED", 1000)
    write_lsun(tmp_path, ["cat"], 4, image_px=32)
    source = open_lsun(tmp_path, "cat")
    records = list(source.records())
    database_module.open_database(tmp_path / "cat").close()  # LMDB opens a file only once per process
    expected = stored_values(tmp_path / "cat")
    assert [source.read_file(record) for record in records * 3] == [expected[r.scene] for r in records] * 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty (0 bytes)"),
        (np.random.default_rng(0).bytes(50_000), "not an LMDB file"),
        (b"short", "cannot be read as an LMDB database"),
    ],
)
def test_no_database(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/data.mdb").write_bytes(content)
    text = message(open_lsun(tmp_path, "cat"))
    assert text.startswith(str(tmp_path / "cat/data.mdb"))
    assert said in text
    assert text.endswith("unzip cat.zip again, or download it again")


def test_no_entries(tmp_path: Path) -> None:
    write_database(tmp_path / "cat", {})
    assert "is a database without images" in message(open_lsun(tmp_path, "cat"))


@pytest.mark.parametrize("key", ["a\nb", "a\tb", "ä" * 20, "\x00"])
def test_keys_that_lsun_does_not_have(tmp_path: Path, key: str) -> None:
    write_database(tmp_path / "cat", {"0" * 40: b"x", key: b"x"})
    assert "not printable ASCII" in message(open_lsun(tmp_path, "cat"))
    assert not list((tmp_path / "cache").iterdir())


def cut(folder: Path, num_bytes: int) -> None:
    with (folder / "data.mdb").open("r+b") as file:
        file.truncate(num_bytes)


def test_a_file_that_is_cut_while_it_is_open(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 12, image_px=64)
    source = open_lsun(tmp_path, "cat")
    records = list(source.records())
    source.read(records[-1])
    cut(tmp_path / "cat", 3 * 4096)
    with pytest.raises(BadImageError, match="is cut short"):
        source.read(records[-1])


def test_a_file_cut_short_at_any_place(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 12, image_px=64)
    whole = (tmp_path / "cat/data.mdb").stat().st_size
    for num_bytes in (whole - 1, whole - 4096, whole // 2, 3 * 4096, 8192, 8191, 5000, 4096, 100):
        cut(tmp_path / "cat", num_bytes)
        text = message(open_lsun(tmp_path, "cat"))
        if num_bytes > 8192:
            assert f"is cut short: its header says {whole:,} bytes, found {num_bytes:,}" in text


@pytest.mark.skipif(sys.platform != "linux", reason="SIGBUS is how Linux ends a read beyond a mapped file")
def test_a_file_cut_short_would_kill_the_process_and_does_not(tmp_path: Path) -> None:
    write_database(tmp_path / "cat", {f"{number:040x}": bytes(9000) for number in range(100)})
    cut(tmp_path / "cat", 5 * 4096)
    careless = "env = lmdb.open(root + '/cat', readonly=True, lock=False); print(len(list(env.begin().cursor())))"
    careful = (
        "from fakeid.data.sources.lsun import LsunSource\n"
        "from fakeid.data.records import Record\n"
        "source = LsunSource(root, ['cat'], listings=root + '/cache')\n"
        "record = Record('lsun/cat/' + '0' * 40, 0, 'cat', 'camera', '')\n"
        "for ask in (lambda: list(source.records()), lambda: source.read_file(record)):\n"
        "    try:\n        ask()\n    except ValueError as error:\n        print('said', 'cut short' in str(error))\n"
    )
    ends = {}
    for name, code in (("careless", careless), ("careful", careful)):
        program = f"import sys, lmdb\nroot = sys.argv[1]\n{code}"
        ends[name] = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, check=False)
    assert ends["careless"].returncode < 0
    assert (ends["careful"].returncode, ends["careful"].stdout.split()) == (0, [b"said", b"True"] * 2)


def read_all(source: LsunSource, records: list[Record]) -> list[bytes]:
    return [source.read_file(record) for record in records]


@pytest.mark.parametrize("method", ["spawn", "fork"])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # forking is what this test is about
def test_workers_read_what_the_parent_reads(tmp_path: Path, method: str) -> None:
    write_lsun(tmp_path, ["bedroom"], 8, image_px=32)
    source = open_lsun(tmp_path, "bedroom")
    records = list(source.records())
    here = read_all(source, records)  # so the database is open when the children start
    with get_context(method).Pool(2) as pool:
        elsewhere = pool.starmap(read_all, [(source, records)] * 2)
    assert elsewhere == [here, here]
    assert read_all(source, records) == here
    assert len(pickle.dumps(source)) < 1000


def test_threads_and_several_objects_share_a_database(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 8, image_px=32)
    (tmp_path / "link").symlink_to(tmp_path)
    sources = [open_lsun(tmp_path, "cat"), open_lsun(tmp_path / "link", "cat")]
    records = list(sources[0].records())
    expected = read_all(sources[0], records)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: read_all(sources[number % 2], records), range(20)))
    assert found == [expected] * 20


def test_without_lock_file_and_read_only(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 3, image_px=32)
    (tmp_path / "cat/lock.mdb").unlink()
    (tmp_path / "cat/data.mdb").chmod(0o444)
    (tmp_path / "cat").chmod(0o555)
    try:
        source = LsunSource(str(tmp_path), ["cat"], listings=str(tmp_path / "cache"))
        assert [source.read(record).dtype for record in source.records()] == [np.uint8] * 3
        assert [path.name for path in (tmp_path / "cat").iterdir()] == ["data.mdb"]
    finally:
        (tmp_path / "cat").chmod(0o755)
