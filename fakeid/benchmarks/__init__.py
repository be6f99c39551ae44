"""What trainings, data and sweeps take on this machine, and whether the statistics keep their word."""
