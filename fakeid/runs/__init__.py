"""Carry out one run: its folder, its training and its results."""
