"""Tests for ``clace.identity.certificates``."""
