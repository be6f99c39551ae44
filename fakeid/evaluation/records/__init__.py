"""What tests find, as typed values: the schemas of the JSON files."""
