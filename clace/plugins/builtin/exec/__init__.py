"""``exec.in``: programs on the server."""
