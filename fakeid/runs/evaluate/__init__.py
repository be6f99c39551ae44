"""One evaluation of a trained detector: its test sets, scores, numbers and page."""
