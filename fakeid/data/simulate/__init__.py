"""The built-in data: procedural scenes, and the simulated generators that imitate them."""
