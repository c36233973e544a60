"""App hosts as the daemon sees them: processes, the lines to them, and their requests."""
