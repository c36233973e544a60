"""Names and passwords out of an Authorization header; whoever sent it is not trusted."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64

MAX_HEADER = 8192
TOKEN_PREFIX = "clace_"  # noqa: S105 - public: scanners for secrets know tokens by it
FOR_THE_SERVER = r"\s*+(?:basic\b|\S*+\s*+$|\S++\s++clace_)"
"""A pattern, whatever the case, for an ``Authorization`` that no app is to see: passwords, which
browsers send to all neighbours of the app that asked for them, and tokens of the server.

It gives back nothing that it took: what strangers send would be gone through again and again."""
HOOK_PREFIX = "clace_hook_"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def basic_credentials(header: str | None) -> tuple[str, str] | None:
    """The user and password of an ``Authorization: Basic`` header, or ``None``; never raises."""
    if header is None or len(header) > MAX_HEADER:
        return None
    scheme, _, encoded = header.strip(" ").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = b64decode(encoded.strip(" ").encode("ascii"), validate=True).decode()
    except (NotBase64, UnicodeError):
        return None
    user, colon, password = text.partition(":")
    # RFC 7617 forbids control characters, and password checkers differ on NUL.
    if not colon or _CONTROL.search(text):
        return None
    return user, password


def bearer_token(header: str | None) -> str | None:
    """The API token of an ``Authorization: Bearer`` header, or ``None``; never raises.

    What looks like no token of ours is not for us to judge: an app may know it.
    """
    if header is None or len(header) > MAX_HEADER:
        return None
    scheme, _, token = header.strip(" ").partition(" ")
    token = token.strip(" ")
    return token if scheme.lower() == "bearer" and token.startswith(TOKEN_PREFIX) else None
