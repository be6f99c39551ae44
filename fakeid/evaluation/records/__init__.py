"""Define the results of tests as typed values: the schemas of the JSON files."""
