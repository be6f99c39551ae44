"""The cache: images are decoded and prepared once, into memory-mapped arrays that all runs share."""
