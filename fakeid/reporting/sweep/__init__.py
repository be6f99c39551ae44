"""A folder of runs: its report, from runs to pages.

settings → configurations → claims, effects → answer, misplaced_thresholds → tables, paper_tables, evaluation_tables,
figures → report (all of it together) → page (Markdown and HTML).
"""
