"""An evaluation: findings, tables, figures, page."""
