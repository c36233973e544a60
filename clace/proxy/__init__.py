"""The streaming reverse proxy."""
