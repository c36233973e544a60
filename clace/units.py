"""Units of sizes and times."""

MEBIBYTE = 1 << 20
"""Bytes."""
NANOSECONDS = 1_000_000_000
"""In a second."""
