"""Squares cover an image evenly and at full resolution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakeid.inference.tiles import cut_tiles

SIDES = st.integers(1, 400)


def number(height: int, width: int) -> np.ndarray:
    """Give every pixel its own color."""
    places = np.arange(height * width, dtype=np.uint32).reshape(height, width)
    return np.stack([(places >> shift & 255).astype(np.uint8) for shift in (0, 8, 16)], 2)


def read_numbers(tile: np.ndarray) -> np.ndarray:
    return sum(tile[..., channel].astype(np.uint32) << shift for channel, shift in enumerate((0, 8, 16)))


@given(SIDES, SIDES, st.integers(8, 128))
def test_all_pixels_are_covered_by_as_few_squares_as_can(height: int, width: int, side: int) -> None:
    tiles = cut_tiles(number(height, width), side, most=10_000)
    assert {tile.shape for tile in tiles} == {(min(side, height), min(side, width), 3)}
    assert len(tiles) == -(-height // side) * -(-width // side)
    seen = np.zeros(height * width, bool)
    for tile in tiles:
        seen[read_numbers(tile)] = True
    assert seen.all()


@given(SIDES, SIDES, st.integers(1, 30))
def test_no_more_squares_than_are_allowed(height: int, width: int, most: int) -> None:
    tiles = cut_tiles(number(height, width), 16, most)
    assert 1 <= len(tiles) <= most
    places = np.array([read_numbers(tile)[0, 0] for tile in tiles])
    assert len(set(places.tolist())) == len(tiles)


def test_few_squares_reach_all_borders() -> None:
    image = number(1000, 2000)
    places = [divmod(int(read_numbers(tile)[0, 0]), 2000) for tile in cut_tiles(image, 100, most=8)]
    assert places == [(0, 0), (0, 633), (0, 1267), (0, 1900), (900, 0), (900, 633), (900, 1267), (900, 1900)]


@pytest.mark.parametrize(("height", "width"), [(1, 5000), (5000, 1)])
def test_a_single_square_is_the_middle(height: int, width: int) -> None:
    [tile] = cut_tiles(number(height, width), 100, most=1)
    assert int(read_numbers(tile)[0, 0]) == 2450
