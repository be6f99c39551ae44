"""Define, check and describe every option, and name runs by their options. Imports neither torch nor OpenCV."""
