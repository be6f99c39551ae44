"""The cache: each image is decoded and prepared once, into memory-mapped arrays that all runs share."""
