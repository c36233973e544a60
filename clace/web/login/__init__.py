"""Signing in and out with a browser: pages on the server's own host, and the way there and back."""
