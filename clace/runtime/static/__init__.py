"""Static files, answered in the daemon."""
