"""Proxied paths of an app, configured as far as the operator has approved."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from clace.errors import AppBroken, AppNotApproved, ClaceError, PluginRefused
from clace.interfaces import Caller, IPluginGate, IPluginScope, PluginCall
from clace.model import CONTAINER_URL, App, ProxyConfig, ProxyMount, ProxyRoute
from clace.runtime.options import AppOptions

PROXY_PLUGIN = "proxy.in"


def may_have_mounts(app: App) -> bool:
    """Return true if the app was allowed to load the plugin that configures proxied paths."""
    loads = app.metadata.loads
    return bool(loads) and _may_proxy(loads)  # every request asks


@lru_cache(maxsize=1000)
def _may_proxy(loads: tuple[str, ...]) -> bool:
    return any(load.partition("#")[0] == PROXY_PLUGIN for load in loads)


def covering(mounts: tuple[ProxyRoute, ...], path: str) -> ProxyRoute | None:
    """The mount with the longest path that covers this one."""
    found = None
    for mount in mounts:
        if mount.covers(path) and (found is None or len(mount.path) > len(found.path)):
            found = mount
    return found


async def configured(
    gate: IPluginGate, caller: Caller, options: AppOptions
) -> tuple[ProxyRoute, ...]:
    """The routes, each after the call that its app has declared.

    :raises AppNotApproved: if a call is not covered by what was approved.
    :raises AppBroken: if a call fails, or is of another plugin.
    """
    if not options.proxies:
        return ()
    scope = gate.begin(caller)
    try:
        bare, has_program = options.redirect_bare_path, options.container is not None
        return tuple(
            [
                ProxyRoute(one.path, await _config(scope, one, has_program=has_program), bare)
                for one in options.proxies
            ]
        )
    finally:
        await scope.end()


async def _config(scope: IPluginScope, mount: ProxyMount, *, has_program: bool) -> ProxyConfig:
    call = PluginCall(
        plugin=mount.plugin, function=mount.function, args=mount.args, kwargs=mount.kwargs
    )
    if mount.plugin.partition("#")[0] != PROXY_PLUGIN:
        raise AppBroken(f"proxy {mount.path}: {call.name} does not configure a proxy")
    try:
        answer = await scope.call(call)
    except PluginRefused as refused:
        raise AppNotApproved(refused.message) from None
    except ClaceError as error:
        raise AppBroken(f"proxy {mount.path}: {error.message}") from None
    if answer.error:
        raise AppBroken(f"proxy {mount.path}: {answer.error}")
    config = msgspec.convert(answer.value, ProxyConfig)
    if config.url.startswith(CONTAINER_URL) and not has_program:
        raise AppBroken(f"proxy {mount.path}: container proxy url not set")
    return config
