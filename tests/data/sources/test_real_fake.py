"""LSUN reals and ProGAN fakes as one source."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from genuine_trees import draw_texture, write_lsun, write_progan

from fakeid.config.constants import FAKE, LSUN_CATEGORIES, REAL
from fakeid.data.sources.base import RealFakeSource, Source
from fakeid.data.sources.lsun import LsunSource
from fakeid.data.sources.progan import ProGanSource
from fakeid.errors import DataError


def open_both(root: Path, categories: tuple[str, ...]) -> Source:
    listings = str(root / "listings")
    return RealFakeSource(
        LsunSource(str(root), categories, listings=listings), ProGanSource(str(root), categories, listings=listings)
    )


def test_one_root_for_all_eleven_categories(tmp_path: Path) -> None:
    write_progan(write_lsun(tmp_path, LSUN_CATEGORIES, 8, image_px=32), LSUN_CATEGORIES, 8, image_px=32)
    records = list(open_both(tmp_path, LSUN_CATEGORIES).records())
    counts = {(c, label): 0 for c in LSUN_CATEGORIES for label in (REAL, FAKE)}
    for record in records:
        counts[record.category, record.label] += 1
    assert set(counts.values()) == {8}
    assert len({record.key for record in records}) == len(records)
    assert [record.label for record in records] == sorted(record.label for record in records)


def test_images_come_from_the_source_of_their_label(tmp_path: Path) -> None:
    write_progan(write_lsun(tmp_path, ["cat"], 3, image_px=32), ["cat"], 3, image_px=32)
    source = pickle.loads(pickle.dumps(open_both(tmp_path, ("cat",))))
    records = list(source.records())
    assert {min(source.read(record).shape[:2]) for record in records} == {32}
    fake = next(record for record in records if record.label == FAKE)
    np.testing.assert_array_equal(source.read(fake), draw_texture("cat", FAKE, 0, (32, 32)))
    assert source.read_file(fake)[:4] == b"\x89PNG"
    assert source.read_file(records[0])[:4] in (b"RIFF", b"\xff\xd8\xff\xe0")


def test_the_identity_holds_both(tmp_path: Path) -> None:
    write_progan(write_lsun(tmp_path, ["cat"], 3, image_px=32), ["cat"], 3, image_px=32)
    identity = open_both(tmp_path, ("cat",)).describe()
    assert identity["source"] == "lsun_progan"
    assert (identity["real"]["source"], identity["fake"]["source"]) == ("lsun", "progan")


def test_missing_fakes_show_before_any_real_is_listed(tmp_path: Path) -> None:
    write_lsun(tmp_path, ["cat"], 3, image_px=32)
    with pytest.raises(DataError, match="no ProGAN samples of cat"):
        open_both(tmp_path, ("cat",)).records()
    assert not (tmp_path / "listings").exists()
