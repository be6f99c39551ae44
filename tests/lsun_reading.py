"""Helpers for tests of LSUN's format: open a tree, read it without our reader, expect one sentence."""

from pathlib import Path

import lmdb
import pytest

from fakeid.data.sources.lsun import LsunSource
from fakeid.errors import DataError


def open_lsun(root: Path, *categories: str, max_megapixels: float = 100.0) -> LsunSource:
    return LsunSource(str(root), categories, listings=str(root / "cache"), max_megapixels=max_megapixels)


def stored_values(folder: Path) -> dict[str, bytes]:
    with lmdb.open(str(folder), readonly=True, lock=False) as env, env.begin() as transaction:
        return {key.decode(): bytes(value) for key, value in transaction.cursor()}


def message(source: LsunSource) -> str:
    with pytest.raises(DataError) as caught:
        list(source.records())
    assert "\n" not in str(caught.value)
    return str(caught.value)
