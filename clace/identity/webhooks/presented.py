"""The proof in the headers of a call: those of GitHub, GitLab, Gitea, Forgejo and Gogs."""

from __future__ import annotations

import re
from collections.abc import Callable

from clace.credentials import MAX_HEADER
from clace.errors import NotAuthenticated
from clace.interfaces import WebhookProof

Header = Callable[[str], str | None]
_PREFIX = "sha256="
_BARE = ("x-forgejo-signature", "x-gitea-signature", "x-gogs-signature")
_HEX = re.compile(r"[0-9a-fA-F]{64}")
_SCHEME = "Bearer"
_NEVER = "malformed"


def presented(header: Header) -> WebhookProof:
    """Return the proof of a call, which may be wrong.

    :raises NotAuthenticated: if it is missing or malformed.
    """
    authorization = header("authorization")
    if authorization is not None:
        return WebhookProof(token=_bearer(authorization))
    if token := (header("x-gitlab-token") or "").strip():
        return WebhookProof(token=token)
    given = header("x-hub-signature-256")
    if given is not None:
        if not given.startswith(_PREFIX):
            raise NotAuthenticated("invalid signature header", _SCHEME)
        return WebhookProof(signature=_signature(given.removeprefix(_PREFIX)))
    bare = next(filter(None, map(header, _BARE)), None)
    if bare is not None:
        return WebhookProof(signature=_signature(bare))
    raise NotAuthenticated("No auth header and no signature found", _SCHEME)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(authorization) > MAX_HEADER:
        raise NotAuthenticated("Authorization header with bearer token is required", _SCHEME)
    return token


def _signature(digits: str) -> str:
    """Return the digits of a signature, or of malformed ones a text that never matches."""
    return digits.lower() if _HEX.fullmatch(digits) else _NEVER
