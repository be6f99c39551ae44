"""Runs leave their figures out."""

import pytest


@pytest.fixture(autouse=True)
def quick(without_drawings: None) -> None:
    """Also where a test trains without `tiny_config`."""
