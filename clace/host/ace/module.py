"""The module ``ace``: what an app declares itself with."""
# ruff: noqa: A002, FBT002, PLR0913, PLR0917 - these are called as apps call them

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from clace.host.ace.checks import http_method, one_of, unused, want, want_all
from clace.host.ace.values import AceValue, is_call
from clace.model import CONTAINER_URL
from clace.starlark import Builtin, Failure, Struct, keys_of, text_of

_NOTHING: Any = object()
_KINDS = ("", "HTML")
_CONSTANTS = (
    *("GET", "POST", "PUT", "DELETE", "JSON", "TEXT", "READ", "WRITE"),
    *("AUTO", "TABLE", "DOWNLOAD", "IMAGE"),
)
_NOT_HERE = ("action", "result")


def app(
    name: Any,
    routes: Any = _NOTHING,
    style: Any = None,
    permissions: Any = _NOTHING,
    libraries: Any = _NOTHING,
    settings: Any = _NOTHING,
    custom_layout: Any = False,
    container: Any = None,
    actions: Any = _NOTHING,
    static_only: Any = False,
    index: Any = "",
    single_file: Any = False,
    redirect_bare_path: Any = False,
    *,
    pages: Any = None,
) -> AceValue:
    want_all("app", "string", name=name, index=index)
    lists = _lists("app", permissions=permissions, libraries=libraries, actions=actions)
    settings = {} if settings is _NOTHING else settings
    want("app", "settings", settings, "dict")
    flags = {
        "custom_layout": custom_layout,
        "static_only": static_only,
        "single_file": single_file,
        "redirect_bare_path": redirect_bare_path,
    }
    want_all("app", "bool", **flags)
    if pages is not None and routes not in (_NOTHING, []):
        raise Failure("app: pages has no effect beside routes")
    if container is not None and not is_call(container):
        raise Failure(
            "app: for parameter container: want the result of container.config, at top level"
        )
    if lists.pop("actions"):
        raise Failure("app: actions are not available in this version")
    routes = [] if routes is _NOTHING else routes
    shown = routes if pages is None else pages
    return AceValue(
        "app",
        name=name,
        routes=shown,
        style=style,
        settings=settings,
        container=container,
        index=index,
        **lists,
        **flags,
    )


def html(
    path: Any,
    full: Any = "",
    partial: Any = "",
    handler: Any = None,
    fragments: Any = _NOTHING,
    method: Any = "GET",
) -> AceValue:
    want_all("html", "string", path=path, full=full, partial=partial)
    return AceValue(
        "html",
        path=path,
        full=full,
        partial=partial,
        handler=handler,
        fragments=[] if fragments is _NOTHING else fragments,
        method=http_method("html", method),
    )


def page(
    path: Any,
    html: Any = "",
    block: Any = "",
    handler: Any = None,
    fragments: Any = _NOTHING,
    method: Any = "GET",
    type: Any = "",
) -> AceValue:
    """Declare a page as the first release did."""
    want_all("page", "string", path=path, html=html, block=block, type=type)
    common = {
        "path": path,
        "handler": handler,
        "fragments": [] if fragments is _NOTHING else fragments,
        "method": http_method("page", method),
    }
    if type.upper() == "JSON":
        unused("page", "with type JSON", html=html, block=block)
        return AceValue("api", type="JSON", **common)
    one_of(type, _KINDS, "type")
    return AceValue("html", full=html, partial=block, **common)


def fragment(
    path: Any,
    partial: Any = "",
    handler: Any = None,
    method: Any = "GET",
    type: Any = "",
    *,
    block: Any = "",
) -> AceValue:
    want_all("fragment", "string", path=path, partial=partial, block=block, type=type)
    common = {"path": path, "handler": handler, "method": http_method("fragment", method)}
    if type.upper() == "JSON":
        unused("fragment", "with type JSON", partial=partial, block=block)
        return AceValue("api", type="JSON", **common)
    if partial:
        unused("fragment", "beside partial", block=block)
    one_of(type, _KINDS, "type")
    return AceValue("fragment", partial=partial or block, **common)


def api(
    path: Any,
    handler: Any = None,
    method: Any = "GET",
    type: Any = "JSON",
) -> AceValue:
    want_all("api", "string", path=path)
    want("api", "type", type, "string")
    kind = one_of(type, ("JSON", "TEXT"), "API type")
    method = http_method("api", method)
    return AceValue("api", path=path, handler=handler, method=method, type=kind)


def proxy(path: Any, config: Any) -> AceValue:
    want_all("proxy", "string", path=path)
    if not is_call(config):
        raise Failure("proxy: for parameter config: want the result of proxy.config, at top level")
    return AceValue("proxy", path=path, config=config)


def style(
    library: Any,
    themes: Any = _NOTHING,
    disable_watcher: Any = False,
    light: Any = "emerald",
    dark: Any = "night",
    custom_themes: Any = None,
) -> AceValue:
    want_all("style", "string", library=library, light=light, dark=dark)
    themes = [] if themes is _NOTHING else themes
    want("style", "themes", themes, "list")
    want("style", "disable_watcher", disable_watcher, "bool")
    custom_themes = {} if custom_themes is None else custom_themes
    want("style", "custom_themes", custom_themes, "dict")
    return AceValue(
        "style",
        library=library,
        themes=themes,
        disable_watcher=disable_watcher,
        light=light,
        dark=dark,
        custom_themes=custom_themes,
    )


def redirect(url: Any, code: Any = 303, refresh: Any = False) -> AceValue:
    want("redirect", "url", url, "string")
    want("redirect", "code", code, "int")
    want("redirect", "refresh", refresh, "bool")
    return AceValue("redirect", url=url, code=code or 303, refresh=refresh)


def response(
    data: Any,
    block: Any = "",
    type: Any = "",
    code: Any = 200,
    retarget: Any = "",
    reswap: Any = "",
    redirect: Any = "",
) -> AceValue:
    texts = {"retarget": retarget, "reswap": reswap, "redirect": redirect}
    want_all("response", "string", block=block, type=type, **texts)
    want("response", "code", code, "int")
    kind = one_of(type, (*_KINDS, "JSON", "TEXT"), "type")
    return AceValue("response", data=data, block=block, type=kind, code=code, **texts)


def permission(
    plugin: Any,
    method: Any,
    arguments: Any = _NOTHING,
    type: Any = "",
    secrets: Any = _NOTHING,
    permit: Any = _NOTHING,
    kwargs: Any = _NOTHING,
) -> AceValue:
    want_all("permission", "string", plugin=plugin, method=method, type=type)
    lists = _lists("permission", arguments=arguments, secrets=secrets, permit=permit)
    kwargs = {} if kwargs is _NOTHING else kwargs
    want("permission", "kwargs", kwargs, "dict")
    for name in lists["permit"]:
        want("permission", "permit", name, "string")
    if type not in ("", "READ", "WRITE"):
        raise Failure(f"invalid permission type specified : {type}")
    return AceValue(
        "permission",
        plugin=plugin,
        method=method,
        arguments=[text_of(one) for one in lists["arguments"]],
        is_read=None if type == "" else type == "READ",
        secrets=[_secret(names) for names in lists["secrets"]],
        permit=sorted(set(lists["permit"])),
        kwargs=_constraints(kwargs),
    )


def _lists(function: str, **given: Any) -> dict[str, Any]:
    """Return the arguments, an empty list for each that was not given.

    :raises Failure: if one is not a list.
    """
    lists = {key: [] if value is _NOTHING else value for key, value in given.items()}
    want_all(function, "list", **lists)
    return lists


def _secret(names: Any) -> Any:
    want("permission", "secrets", names, "list")
    for name in names:
        want("permission", "secrets", name, "string")
    return names


def _constraints(kwargs: dict[Any, Any]) -> list[dict[str, str]]:
    for name in keys_of(kwargs):
        want("permission", "kwargs", name, "string")
    found = []
    for name, expected in sorted(kwargs.items()):
        if type(expected) is not dict or not expected:
            found.append({"name": name, "value": text_of(expected)})
            continue
        for key in keys_of(expected):
            want("permission", "kwargs", key, "string")
        found += [
            {"name": name, "key": key, "value": text_of(value)}
            for key, value in sorted(expected.items())
        ]
    return found


def library(name: Any, version: Any, args: Any = _NOTHING) -> AceValue:
    want_all("library", "string", name=name, version=version)
    args = [] if args is _NOTHING else args
    want("library", "args", args, "list")
    return AceValue("library", name=name, version=version, args=args)


def _missing(name: str) -> Callable[..., NoReturn]:
    def missing(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise Failure(f"ace.{name} is not available in this version")

    return missing


_DECLARING: dict[str, Callable[..., Any]] = {
    one.__name__: one
    for one in (
        app,
        html,
        page,
        fragment,
        api,
        proxy,
        style,
        redirect,
        response,
        permission,
        library,
    )
}


def ace_module(calls: dict[str, Callable[..., Any]]) -> Struct:
    """``ace``; ``calls`` are those of its functions that work on the request at hand."""
    functions = {**_DECLARING, **{name: _missing(name) for name in _NOT_HERE}, **calls}
    made = {name: Builtin(name, function) for name, function in functions.items()}
    constants = {name: name for name in _CONSTANTS}
    return Struct({**made, **constants, "CONTAINER_URL": CONTAINER_URL})
