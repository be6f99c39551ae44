"""Images as arrays: decoding, preparation, degradation and a camera model, with NumPy and OpenCV but no torch."""
