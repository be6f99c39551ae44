"""Images as arrays: decode, prepare, degrade, and a camera model. NumPy and OpenCV, no torch."""
