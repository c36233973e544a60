"""Programs on this machine, started by a small process so that the daemon need not fork."""
