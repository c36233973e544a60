"""From source text to a syntax tree whose names are resolved."""
