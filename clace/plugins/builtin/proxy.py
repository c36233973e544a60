"""``proxy.in``: what a proxied route is configured with."""

from __future__ import annotations

from msgspec import Struct

from clace.plugins.kit.definition import CallFailed, Function, Invocation, Plugin
from clace.plugins.kit.showing import shown

CONTAINER_URL = "<CONTAINER_URL>"
_SCHEMES = ("http://", "https://")


class ProxyConfig(Struct, frozen=True):
    """The target of requests, and changes to their paths and to the headers of answers."""

    url: str
    strip_path: str = ""
    preserve_host: bool = False
    strip_app: bool = True
    response_headers: dict[str, str] = {}


async def config(_invocation: Invocation, given: ProxyConfig) -> ProxyConfig:
    """The configuration for ``ace.proxy``.

    :raises CallFailed: if the URL cannot be asked.
    """
    if not given.url.startswith(_SCHEMES) and not given.url.startswith(CONTAINER_URL):
        raise CallFailed(f"proxy url {shown(given.url)} is none, expected http:// or https://")
    return given


plugin = Plugin("proxy.in", {"config": Function(ProxyConfig, config, is_read=True)})
