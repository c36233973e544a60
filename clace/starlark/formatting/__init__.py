"""Source text laid out anew: indentation, spaces and blank lines; comments and meaning stay."""
