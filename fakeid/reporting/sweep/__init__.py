"""Report on a folder of runs, from runs to pages.

settings → configurations → claims, effects → answer, misplaced_thresholds → tables, paper_tables, evaluation_tables,
figures → report (all parts together) → page (Markdown and HTML).
"""
