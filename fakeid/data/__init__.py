"""Which images exist, which of them enter, and how they reach the network."""
