"""What is shown of one run: its table, its figures, what must stand beside its numbers."""
