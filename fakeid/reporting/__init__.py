"""Tables, findings, figures and pages built from results."""
