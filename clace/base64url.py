"""Base64 for URLs, cookies and JSON Web Tokens (RFC 4648, 5), which have it without padding."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decoded(text: str) -> bytes:
    """:raises ValueError: if it is not base64."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
