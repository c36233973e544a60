"""The program of an app, declared in its source, as far as the operator has approved."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

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
    references,
)
from clace.patterns import PREFIX
from clace.runtime.options import AppOptions
from clace.wrong_values import wrong_value

_FROM = "from:"
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
        raise AppBroken(f"container: {name}: {wrong_value(error, given)}") from None


def prefix_of(app: App, routes: Sequence[ProxyRoute]) -> str:
    """The path before those of all requests to the program, which are passed on as they came."""
    ours = [route for route in routes if route.config.url.startswith(WORKLOAD_URL)]
    keeps = any(not route.config.strip_app for route in ours)
    return app.path if keeps and app.path != "/" else ""


def with_secrets(
    needs: Sequence[Permission], app: App, options: AppOptions
) -> tuple[Permission, ...]:
    """The needs, each for the secrets that its variable names now: others are approved anew.

    :raises BadRequest: if a reference is malformed.
    """
    variables = _variables(app, options)
    return tuple(
        replace(need, secrets=_named(variables.get(need.arguments[0], "")))
        if _is_secret(need)
        else need
        for need in needs
    )


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
    variables = _variables(app, options)
    apart = {need.arguments[0] for need in needs if _is_secret(need)}
    with_config = {name: text for name, text in variables.items() if name not in apart}
    kwargs = {**call.kwargs, "environment": with_config}
    whole = PluginCall(plugin=call.plugin, function=call.function, args=call.args, kwargs=kwargs)
    filled = await scope.filled(whole)
    declared_by: dict[str, Any] = {**filled.call.kwargs}
    values = dict(declared_by["environment"])
    for need in needs:
        args: tuple[Any, ...] = need.arguments
        if _is_secret(need):
            args = (*args, variables.get(need.arguments[0], ""))
        elif need.arguments and need.arguments[0].isdigit():
            args = (int(need.arguments[0]),)
        one = await scope.filled(PluginCall(plugin=need.plugin, function=need.method, args=args))
        filled = one
        if _is_secret(need):
            values[need.arguments[0]] = one.call.args[1]
    config = declared(options)
    assert config is not None
    path = "" if app.path == "/" else app.path
    known = {"CL_APP_ID": app.id, "CL_APP_PATH": path, "CL_APP_URL": url}
    return ApprovedProgram(config=config, environment={**values, **known}, redact=filled.redact)


def _variables(app: App, options: AppOptions) -> dict[str, str]:
    """The values of params as texts, those of others than the declared ones among them, and what
    the app adds; a list of secrets is for the server.
    """
    assert options.container is not None
    defaults = {param.name: param.default or "" for param in options.params}
    values = {**defaults, **app.metadata.param_values}
    given = {name: text for name, text in values.items() if name != "secrets"}
    return {**given, **options.container.kwargs.get("environment", {})}


def _is_secret(need: Permission) -> bool:
    return need.plugin == PROCESS_PLUGIN and need.method == _SECRET


def _named(text: str) -> tuple[tuple[str, ...], ...]:
    """The entries of a permission that cover just the secrets that a text names."""
    return tuple(
        (*([f"{_FROM}{_literal(one.provider)}"] if one.provider else []), *map(_literal, one.keys))
        for one in dict.fromkeys(references(text))
    )


def _literal(text: str) -> str:
    """The text as one that matches itself alone, also if it looks like a pattern."""
    return f"{PREFIX}{re.escape(text)}" if text.startswith((PREFIX, _FROM)) else text
