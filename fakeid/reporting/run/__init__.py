"""Table, figures and notes of one run."""
