"""Judge images with a trained detector, using torch, NumPy, OpenCV and Pillow but no training code."""
