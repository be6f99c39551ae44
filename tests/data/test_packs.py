import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fakeid.data.cache.packs import INDEX_SUFFIX, Pack, read_pack, write_pack
from fakeid.errors import DataError
from fakeid.images.hashing import NUM_VIEWS


def test_a_pack_travels_to_another_process_as_a_path(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    keys = [str(number) for number in range(20)]
    write_pack(
        tmp_path, Pack(images, keys, ["0" * 32] * 20, ["0" * 16] * 20, ["0" * 16 * NUM_VIEWS] * 20, {"x": "bad"})
    )
    (index,) = tmp_path.glob(f"*{INDEX_SUFFIX}")
    pack = read_pack(index, 32)
    content = pickle.dumps(pack)
    assert len(content) < 1000 < images.nbytes
    again = pickle.loads(content)
    np.testing.assert_array_equal(again.images, images)
    assert not again.images.flags.writeable
    assert (again.keys, again.skipped) == (pack.keys, pack.skipped)


def test_a_pack_in_memory_travels_whole() -> None:
    pack = Pack(np.ones((2, 32, 32, 3), np.uint8), ["a", "b"], ["0", "1"], ["0", "1"], ["0", "1"], {})
    again = pickle.loads(pickle.dumps(pack))
    np.testing.assert_array_equal(again.images, pack.images)
    assert again.keys == pack.keys


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": None}, {"sha256": 3}, {"phashes": ["no hex digits at"]}, {"phashes": [" 000000000000000"]},
        {"phashes": [7]}, {"skipped": []}, {"skipped": {"x": 3}}, {"keys": "a"}, {"keys": [["a"]]}, {"views": ["00"]},
        {"digests": []}, {"bytes": "many"},
    ],
)  # fmt: skip
def test_a_wrong_index_is_told(tmp_path: Path, change: dict[str, Any]) -> None:
    prints = ["0" * 32], ["0" * 16], ["0" * 16 * NUM_VIEWS]
    write_pack(tmp_path, Pack(np.ones((1, 32, 32, 3), np.uint8), ["a"], *prints, {}))
    (path,) = tmp_path.glob(f"*{INDEX_SUFFIX}")
    assert read_pack(path, 32).keys == ["a"]
    index = {name: value for name, value in {**json.loads(path.read_text()), **change}.items() if value is not None}
    path.write_text(json.dumps(index))
    with pytest.raises(DataError, match="the cache is damaged at"):
        read_pack(path, 32)
