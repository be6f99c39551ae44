"""The networks: torch only, no Lightning, no files."""
