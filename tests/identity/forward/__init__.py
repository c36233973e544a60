"""Tests for ``clace.identity.forward``."""
