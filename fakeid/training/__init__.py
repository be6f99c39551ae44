"""How a detector learns."""
