"""``proxy.in``: the configuration of a proxied route."""

from __future__ import annotations

from clace.model.proxying import ProxyConfig
from clace.model.upstreams import BadUpstream, parse_upstream
from clace.plugins.kit.definition import CallFailed, Function, Invocation, Plugin
from clace.plugins.kit.showing import shown

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


plugin = Plugin(
    "proxy.in", {"config": Function(ProxyConfig, config, is_read=True, is_declaring=True)}
)
