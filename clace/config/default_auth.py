"""The way to sign in of apps that name none."""

from __future__ import annotations

from collections.abc import Iterator

from clace.config.places import Steps
from clace.config.sections import Settings
from clace.near import nearest

_AT = ("security", "app_default_auth_type")
_ALWAYS = ("none", "system", "builtin", "cert")


def wrong_default_auth(settings: Settings) -> Iterator[tuple[Steps, str]]:
    """Yield the place of a default that no section of the configuration is for.

    Several of those with a page to sign in may be named, with commas between.
    """
    known = (
        *_ALWAYS,
        *settings.auth,
        *(f"saml_{name}" for name in settings.saml),
        *settings.client_auth,
    )
    written = settings.security.app_default_auth_type
    for name in written.split(","):
        if name not in known:
            near = nearest(name, known)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            yield _AT, f'expected one of {", ".join(known)}, got "{name}"{hint}'
            return
    if "," in written and {"none", "cert", *settings.client_auth} & set(written.split(",")):
        yield _AT, "expected only sign-ins with a page of their own to be joined by commas"
