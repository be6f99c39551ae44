"""Carry out many runs: grids, launchers, progress, and the report on all of them."""
