"""Tests for ``clace.identity.saml``."""
