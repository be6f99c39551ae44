"""Measure the speed of training, data and sweeps on this machine, and check the error rates of the statistics."""
