import pickle
from pathlib import Path

import numpy as np

from fakeid.data.packs import INDEX_SUFFIX, Pack, read_pack, write_pack


def test_a_pack_travels_to_another_process_as_a_path(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    keys = [str(number) for number in range(20)]
    write_pack(tmp_path, Pack(images, keys, keys, keys, keys, {"x": "bad"}))
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
