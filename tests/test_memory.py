"""What happens to freed memory, and which code asks to keep it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakeid import processes as allocator
from fakeid.processes import can_keep_memory, keep_memory

ROOT = Path(__file__).resolve().parents[1]
WITH_GLIBC = sys.platform.startswith("linux") and "CS_GNU_LIBC_VERSION" in os.confstr_names

MEASURE = """
import sys
from pathlib import Path
from fakeid.processes import is_memory_kept, keep_memory

def read_resident_mb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))

assert keep_memory() is is_memory_kept() is (sys.argv[1] == "kept")
before = read_resident_mb()
blocks = [b"x" * 2**26 for _ in range(2)]
del blocks
print(read_resident_mb() - before)
"""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*(name for name in os.environ if name.startswith("MALLOC_")), "GLIBC_TUNABLES", "LD_PRELOAD"):
        monkeypatch.delenv(name, raising=False)


def measure_growth(mode: str) -> float:
    """Return the megabytes by which a process has grown after allocating and freeing two blocks of 64 MB."""
    ended = subprocess.run(
        [sys.executable, "-c", MEASURE, mode], capture_output=True, text=True, check=True, cwd=ROOT
    )  # fmt: skip
    return float(ended.stdout)


@pytest.mark.skipif(not WITH_GLIBC, reason="no glibc")
def test_freed_blocks_stay_where_the_environment_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measure_growth("kept") > 120
    monkeypatch.setenv("MALLOC_ARENA_MAX", "2")
    assert measure_growth("as before") < 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=1000000"),
        ("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),
        ("LD_PRELOAD", "libtcmalloc_minimal.so.4"),
    ],
)
def test_what_the_environment_sets_up_is_left_alone(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setattr(allocator, "_has_glibc", lambda: True)
    monkeypatch.setattr(sys, "platform", "linux")
    assert can_keep_memory()
    monkeypatch.setenv(name, value)
    monkeypatch.setitem(allocator._state, "kept", False)  # regardless of earlier tests in this process
    assert not can_keep_memory()
    assert not keep_memory()


def test_only_glibc_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> str:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(sys, "platform", "linux")
    for confstr in (lambda _: None, lambda _: "musl 1.2", fail):
        monkeypatch.setattr(os, "confstr", confstr)
        assert not can_keep_memory()
    monkeypatch.setattr(os, "confstr", lambda _: "glibc 2.36")
    assert can_keep_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not can_keep_memory()
