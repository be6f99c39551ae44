"""Images: which exist, which a run uses, and how they reach the network."""
