"""Tests for ``clace.web.pages``."""
