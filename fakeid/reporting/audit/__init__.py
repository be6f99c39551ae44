"""The audit: tables, figure, page."""
