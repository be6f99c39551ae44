"""Many runs: grids, launchers, progress, and the report over all of them."""
