"""The program of an app, declared in its source, as far as the operator has approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from clace.errors import AppBroken, AppNotApproved, ClaceError, PluginRefused
from clace.interfaces import Caller, IPluginGate, IPluginScope, PluginCall
from clace.model import (
    DECLARATIONS,
    PROCESS_PLUGIN,
    WORKLOAD_URL,
    App,
    Demands,
    Permission,
    ProxyRoute,
    WorkloadCall,
    WorkloadConfig,
)
from clace.runtime.options import AppOptions

_SECRET = "secret"  # noqa: S105 - the name of a function


class ApprovedProgram(Struct, frozen=True, kw_only=True):
    """A program as it was approved; ``environment`` has the values of secrets, which ``redact``
    takes out of a text.
    """

    config: WorkloadConfig
    environment: Mapping[str, str]
    redact: Callable[[str], str]


def declared(options: AppOptions) -> WorkloadConfig | None:
    """The program that an app declares, before anything is approved.

    :raises AppBroken: if the call is not one that declares a program.
    """
    call = options.container
    if call is None:
        return None
    name = f"{call.plugin}.{call.function}"
    kind = DECLARATIONS.get(call.plugin)
    if kind is None or call.function != "config":
        raise AppBroken(f"container: {name} does not declare a program")
    names = kind.__struct_fields__
    given = {**dict(zip(names, call.args, strict=False)), **call.kwargs}
    if len(call.args) > len(names) or not given.keys() <= set(names):
        unknown = next((one for one in given if one not in names), "")
        what = f"unexpected keyword argument {unknown}" if unknown else "too many arguments"
        raise AppBroken(f"container: {name}: {what}")
    try:
        return msgspec.convert(given, kind).config
    except ValueError as error:
        raise AppBroken(f"container: {name}: {error}") from None


def prefix_of(app: App, routes: Sequence[ProxyRoute]) -> str:
    """The path before those of all requests to the program, which are passed on as they came."""
    ours = [route for route in routes if route.config.url.startswith(WORKLOAD_URL)]
    keeps = any(not route.config.strip_app for route in ours)
    return app.path if keeps and app.path != "/" else ""


def with_needs(demands: Demands, needs: Sequence[Permission]) -> Demands:
    """The demands of an app, with those of its program."""
    loads = (*demands.loads, *(need.plugin for need in needs))
    permissions = (*demands.permissions, *needs)
    return Demands(tuple(dict.fromkeys(loads)), tuple(dict.fromkeys(permissions)))


async def approved(
    gate: IPluginGate, app: App, options: AppOptions, needs: Sequence[Permission], url: str
) -> ApprovedProgram:
    """The program, after the call that declares it, and one for each of its needs.

    :raises AppNotApproved: if a call is not covered by what was approved.
    :raises AppBroken: if a call fails.
    """
    call = options.container
    assert call is not None
    scope = gate.begin(Caller(app=app))
    try:
        return await _approved(scope, app, call, options, needs, url)
    except PluginRefused as refused:
        raise AppNotApproved(refused.message) from None
    except AppBroken:
        raise
    except ClaceError as error:
        raise AppBroken(f"container: {error.message}") from None
    finally:
        await scope.end()


async def _approved(
    scope: IPluginScope,
    app: App,
    call: WorkloadCall,
    options: AppOptions,
    needs: Sequence[Permission],
    url: str,
) -> ApprovedProgram:
    variables = {**_variables(app, options), **call.kwargs.get("environment", {})}
    apart = {need.arguments[0] for need in needs if need.method == _SECRET}
    with_config = {name: text for name, text in variables.items() if name not in apart}
    kwargs = {**call.kwargs, "environment": with_config}
    whole = PluginCall(plugin=call.plugin, function=call.function, args=call.args, kwargs=kwargs)
    filled = await scope.filled(whole)
    declared_by: dict[str, Any] = {**filled.call.kwargs}
    values = dict(declared_by["environment"])
    for need in needs:
        args: tuple[Any, ...] = need.arguments
        if need.method == _SECRET:
            args = (*args, variables.get(need.arguments[0], ""))
        elif need.arguments and need.arguments[0].isdigit():
            args = (int(need.arguments[0]),)
        one = await scope.filled(PluginCall(plugin=need.plugin, function=need.method, args=args))
        filled = one
        if need.plugin == PROCESS_PLUGIN and need.method == _SECRET:
            values[need.arguments[0]] = one.call.args[1]
    config = declared(options)
    assert config is not None
    known = {"CL_APP_PATH": "" if app.path == "/" else app.path, "CL_APP_URL": url}
    return ApprovedProgram(config=config, environment={**values, **known}, redact=filled.redact)


def _variables(app: App, options: AppOptions) -> dict[str, str]:
    """The values of params as texts, those of others than the declared ones among them; a list of
    secrets is for the server.
    """
    defaults = {param.name: param.default or "" for param in options.params}
    values = {**defaults, **app.metadata.param_values}
    return {name: text for name, text in values.items() if name != "secrets"}
