"""Cookies of the server: their names, their values in a request, and other people's cookies."""

from __future__ import annotations

import re
from collections.abc import Iterable

HOST = "__Host-"
SIGN_IN = "clace_sign_in"
_SESSION = "_clace_session"
# Names are compared as browsers do not: who sends another case means one of ours, too. Prefixes
# are not given back, for strangers send thousands.
_OURS = re.compile(
    r"(?:__host-|__secure-)*+(?:.*_clace_session|clace_.*)", re.IGNORECASE | re.DOTALL
)


def session_cookie(setting: str, *, secure: bool) -> str:
    """The name of the cookie with a session of this kind.

    Over HTTPS browsers take it from this host alone, by its prefix; over HTTP another name is
    used, so that none set there is ever believed here.
    """
    return f"{HOST if secure else ''}{setting}{_SESSION}"


def sign_in_cookie(*, secure: bool) -> str:
    """The name of the cookie that ties a sign-in to the browser that began it."""
    return f"{HOST if secure else ''}{SIGN_IN}"


def set_cookie(name: str, value: str, max_age: int, *, same_site: str = "Lax") -> str:
    """A ``Set-Cookie`` header: for this host, for no script; an age of 0 removes it."""
    secure = "; Secure" if name.startswith(HOST) else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age}{secure}"


def is_ours(name: str) -> bool:
    """Tell whether the name of a cookie is one of ours, prefixes aside."""
    return _OURS.fullmatch(name.strip()) is not None


def name_of(pair: str) -> str:
    """The name in a ``Cookie`` or ``Set-Cookie`` header, as the server reads it when it comes back.

    A cookie without a name is sent back as its value alone, which may look like another cookie.
    """
    return pair.lstrip("= \t").partition("=")[0]


def parsed(headers: Iterable[bytes]) -> dict[str, str | None]:
    """The cookies of a request; the value is None if a name comes twice.

    A sibling domain can add a cookie of any name, so one of two is not to be trusted.
    """
    found: dict[str, str | None] = {}
    for header in headers:
        for pair in header.decode("latin-1").split(";"):
            name, equals, value = pair.partition("=")
            name = name.strip(" \t")
            if equals:
                found[name] = None if name in found else value.strip(" \t")
    return found


def others(header: str) -> str:
    """A ``Cookie`` header without the cookies that are ours."""
    if "clace" not in header.lower():
        return header
    pairs = (pair.strip(" \t") for pair in header.split(";"))
    return "; ".join(pair for pair in pairs if pair and not is_ours(name_of(pair)))
