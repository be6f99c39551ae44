"""A cache built by processes that die, and by many at once."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fakeid.data.cache import packing
from fakeid.data.cache.packing import Preparation
from fakeid.data.records import Record
from fakeid.data.sources.demo import DemoSource
from fakeid.errors import WorkerError

BUILD = """
import sys
from pathlib import Path
from fakeid.data.cache import image_cache as cache
from fakeid.data.cache.packing import Preparation
from fakeid.data.sources.demo import DemoSource

if __name__ == "__main__":
    cache._IMAGES_A_PACK = 16
    source = DemoSource(images_per_class=6, image_px=48)
    print("ready", flush=True)
    cache.ImageCache(Path(sys.argv[1]), source, Preparation(48, "crop", "none")).load(
        source.records(), on_start=lambda num, size: print("packing", num, flush=True)
    )
"""


IN_JOBLIB = """
import sys
from pathlib import Path
from joblib import Parallel, delayed
from fakeid.data.cache.packing import Preparation, pack_in_parallel
from fakeid.data.sources.demo import DemoSource

def pack(folder):
    source = DemoSource(images_per_class=1, image_px=48)
    records = source.records()
    chunks = [records[:11], records[11:]]
    return sum(num for num, _ in pack_in_parallel(folder, source, chunks, Preparation(48, "crop", "none"), False))

if __name__ == "__main__":
    print(Parallel(n_jobs=2)([delayed(pack)(Path(sys.argv[1]))]))
"""


def build(script: Path, root: Path) -> subprocess.Popen[str]:
    script.write_text(BUILD)
    return subprocess.Popen([sys.executable, str(script), str(root)], stdout=subprocess.PIPE, text=True)


def digest_files(root: Path) -> dict[str, str]:
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_a_build_killed_ten_times_ends_byte_identical(tmp_path: Path) -> None:
    undisturbed = build(tmp_path / "build.py", tmp_path / "undisturbed")
    start = time.monotonic()
    undisturbed.communicate()
    whole = time.monotonic() - start
    delays = random.Random(0)
    for _ in range(10):
        process = build(tmp_path / "build.py", tmp_path / "killed")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delays.uniform(0, whole / 3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    last = build(tmp_path / "build.py", tmp_path / "killed")
    last.communicate()
    assert last.returncode == 0
    files = digest_files(tmp_path / "killed")
    assert files == digest_files(tmp_path / "undisturbed")
    assert sum(name.endswith(".npy") for name in files) == 9


@pytest.mark.slow
def test_eight_processes_at_once_build_it_once(tmp_path: Path) -> None:
    processes = [build(tmp_path / "build.py", tmp_path / "shared") for _ in range(8)]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert sum("packing 132" in output for output in outputs) == 1
    assert sum("packing" in output for output in outputs) == 1


class Deadly(DemoSource):
    """A source whose images are so large that the system kills any process that reads them."""

    def read(self, record: Record) -> npt.NDArray[np.uint8]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().read(record)


def test_a_worker_that_the_system_ends_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 2)
    source = Deadly(images_per_class=4, image_px=40)
    records = list(source.records())
    chunks = [records[:2], records[2:4]]
    jobs = packing.pack_in_parallel(tmp_path, source, chunks, Preparation(40, "crop", "none"), skip_bad=False)
    with pytest.raises(WorkerError, match="memory ran out: lower data.max_megapixels, .*; the same command continues"):
        list(jobs)


@pytest.mark.slow
def test_a_worker_of_joblib_packs_with_workers_of_its_own(tmp_path: Path) -> None:
    """A sweep cell does this if its evaluation needs images that are not packed yet."""
    script = tmp_path / "pack.py"
    script.write_text(IN_JOBLIB)
    (tmp_path / "packs").mkdir()
    command = [sys.executable, str(script), str(tmp_path / "packs")]
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, check=False)
    assert done.stdout == "[22]\n", done.stderr
    assert len(list((tmp_path / "packs").glob("*.npy"))) == 2
