"""One run: its folder, its training, its results."""
