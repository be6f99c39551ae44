"""Tables, figure and page of an audit."""
