"""A trained detector in use: images in, verdicts out. Torch, NumPy, OpenCV and Pillow, and no training code."""
