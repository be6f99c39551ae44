"""Implement the subcommands of `fakeid`, one module per command."""
