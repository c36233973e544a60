"""``proxy.in``: the configuration of a proxied route."""

from __future__ import annotations

import re
from typing import Any

from clace.model import (
    COMMANDING_HEADERS,
    CONNECTION_HEADERS,
    HOST_HEADERS,
    BadUpstream,
    ProxyConfig,
    parse_upstream,
)
from clace.plugins.kit import CallFailed, Function, Invocation, Plugin, shown

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_REFUSED = CONNECTION_HEADERS | HOST_HEADERS | {b"set-cookie"}


async def config(_invocation: Invocation, given: ProxyConfig) -> ProxyConfig:
    """The configuration for ``ace.proxy``.

    :raises CallFailed: if requests cannot be passed on to the URL.
    """
    try:
        parse_upstream(given.url)
    except BadUpstream as error:
        raise CallFailed(f"proxy url {shown(given.url)} cannot be used: {error}") from None
    for name, value in given.response_headers.items():
        check_header(name, value)
    return given


def check_header(name: str, value: Any) -> None:
    """:raises CallFailed: if an answer cannot have the header, or no app may set it."""
    if not isinstance(value, str):
        return  # another value than a text is left out, as it always was
    if not _NAME.fullmatch(name) or not value.isprintable():
        raise CallFailed(f"response header {shown(name)} is malformed")
    lower = name.lower().encode()
    if lower in _REFUSED or lower.startswith(COMMANDING_HEADERS):
        raise CallFailed(f"response header {shown(name)} is not for an app to set")


PROXY = Plugin(
    "proxy.in", {"config": Function(ProxyConfig, config, is_read=True, is_declaring=True)}
)
