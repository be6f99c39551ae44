"""Skip figures in these tests."""

import pytest


@pytest.fixture(autouse=True)
def quick(without_drawings: None) -> None:
    """Skip figures even if a test trains without `tiny_config`."""
