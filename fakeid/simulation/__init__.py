"""What the tool's tests and intervals do where the truth is known, because the scores are drawn."""
