"""Names and passwords out of an Authorization header; whoever sent it is not trusted."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64

from msgspec import Struct

MAX_HEADER = 8192
TOKEN_PREFIX = "clace_"  # noqa: S105 - public: scanners for secrets know tokens by it
FOR_THE_SERVER = r"\s*+(?:basic\b|\S*+\s*+$|\S++\s++clace_)"
"""A pattern, whatever the case, for an ``Authorization`` that no app is to see: passwords, which
browsers send to all neighbours of the app that asked for them, and tokens of the server.

It gives back nothing that it took: what strangers send would be gone through again and again."""
HOOK_PREFIX = "clace_hook_"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Authorization(Struct, frozen=True):
    """The words of an ``Authorization`` header to the server; none if they are for others.

    ``password`` is a user and a password, ``token`` an API token. One that is ``basic`` and has no
    password is malformed. What looks like no token of ours is not for us to judge: an app may know
    it.
    """

    basic: bool = False
    password: tuple[str, str] | None = None
    token: str | None = None


def read_authorization(header: str | None) -> Authorization:
    """Read any text, or none; never raises."""
    scheme, _, rest = (header or "").strip(" ").partition(" ")
    scheme, given = scheme.lower(), rest.strip(" ") if len(rest) <= MAX_HEADER else ""
    return Authorization(
        scheme.startswith("basic"),
        _password(given) if scheme == "basic" else None,
        given if scheme == "bearer" and given.startswith(TOKEN_PREFIX) else None,
    )


def _password(encoded: str) -> tuple[str, str] | None:
    try:
        text = b64decode(encoded.encode("ascii"), validate=True).decode()
    except (NotBase64, UnicodeError):
        return None
    user, colon, password = text.partition(":")
    # RFC 7617 forbids control characters, and password checkers differ on NUL.
    if not colon or _CONTROL.search(text):
        return None
    return user, password
