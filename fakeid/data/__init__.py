"""Images: which ones exist, which ones a run uses, and how they reach the network."""
