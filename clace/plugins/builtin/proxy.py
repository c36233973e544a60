"""``proxy.in``: the configuration of a proxied route."""

from __future__ import annotations

from clace.model import BadUpstream, ProxyConfig, parse_upstream
from clace.plugins.kit import CallFailed, Function, Invocation, Plugin, shown

CONTAINER_URL = "<CONTAINER_URL>"


async def config(_invocation: Invocation, given: ProxyConfig) -> ProxyConfig:
    """The configuration for ``ace.proxy``.

    :raises CallFailed: if requests cannot be passed on to the URL.
    """
    if given.url.startswith(CONTAINER_URL):
        return given
    try:
        parse_upstream(given.url)
    except BadUpstream as error:
        raise CallFailed(f"proxy url {shown(given.url)} cannot be used: {error}") from None
    return given


PROXY = Plugin(
    "proxy.in", {"config": Function(ProxyConfig, config, is_read=True, is_declaring=True)}
)
