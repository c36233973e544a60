"""Frozen values that every room may speak of; no I/O."""
