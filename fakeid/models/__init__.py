"""The networks, with torch only: no Lightning, no file access."""
