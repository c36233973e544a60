"""The ``AppDefinition`` of an app from the values in ``app.star``, with functions by number."""

from __future__ import annotations

import re
from types import FunctionType
from typing import Any

import msgspec

from clace.host.ace.values import AceValue, is_call, plain
from clace.host.definition import NO_FUNCTION, AppDefinition
from clace.host.faults import AppFault
from clace.starlark import Struct, function_name
from clace.wrong_values import wrong_value

Functions = list[FunctionType]
_MOUNT = re.compile(r"/[^{}*?#]*")


def describe(app: Any, handler: Any, error_handler: Any) -> tuple[Functions, AppDefinition]:
    """The app's functions, and what it is.

    :raises AppFault: if ``app`` is not what ``ace.app`` returned, or something in it is wrong.
    """
    if not isinstance(app, AceValue) or app.kind != "app":
        raise AppFault("app not of type ace.app in app.star")
    functions: Functions = []
    proxies, routes = _apart(app.get("routes"))
    told = {
        "name": app.get("name"),
        "routes": [_route(functions, route) for route in routes],
        "proxies": [_mount(proxy) for proxy in proxies],
        "handler": _number(functions, handler, "handler"),
        "error_handler": _number(functions, error_handler, "error_handler"),
        "style": _style(app.get("style")),
        "permissions": [_permission(one) for one in app.get("permissions")],
        "libraries": [_library_file(one) for one in app.get("libraries")],
        "settings": plain(app.get("settings")),
        "container": _container(app.get("container")),
    }
    for name in ("custom_layout", "static_only", "index", "single_file", "redirect_bare_path"):
        told[name] = app.get(name)
    told["functions"] = [function_name(one.__name__) for one in functions]
    try:
        return functions, msgspec.convert(told, AppDefinition)
    except ValueError as error:  # UnicodeEncodeError is one, for a string of half a character
        raise AppFault(f"the definition of the app is wrong: {wrong_value(error, told)}") from None


def _number(functions: Functions, function: Any, what: str) -> int:
    if function is None:
        return NO_FUNCTION
    if type(function) is not FunctionType:
        raise AppFault(f"{what} is not a function")
    if function not in functions:
        functions.append(function)
    return functions.index(function)


def _apart(routes: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The fields of proxied routes, and those of all others."""
    if type(routes) is not list:
        raise AppFault("routes is not a list")
    proxies: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for number, route in enumerate(routes, 1):
        if not isinstance(route, Struct) or "path" not in route.attribute_names():
            raise AppFault(f"routes entry {number} is not a struct")
        given = _given(route)
        (proxies if "config" in given else others).append(given)
    return proxies, others


def _mount(given: dict[str, Any]) -> dict[str, Any]:
    path, call = given["path"], given["config"]
    if type(path) is not str or not _MOUNT.fullmatch(path):
        raise AppFault(f"proxy path {path} is not a path: it begins with / and has no pattern")
    if not is_call(call):
        raise AppFault(f"config of proxy {path} is not the result of proxy.config")
    return {"path": path, **_call(call)}


def _container(call: Any) -> dict[str, Any] | None:
    if call is None:
        return None
    if not is_call(call):
        raise AppFault("container is not the result of container.config")
    return _call(call)


def _call(call: AceValue) -> dict[str, Any]:
    told = {name: call.get(name) for name in ("plugin", "function")}
    return {**told, "args": plain(call.get("args")), "kwargs": plain(call.get("kwargs"))}


def _given(route: Struct) -> dict[str, Any]:
    return {name: route.attribute(name) for name in route.attribute_names()}


def _route(functions: Functions, given: dict[str, Any]) -> dict[str, Any]:
    route = _common(functions, given)
    route["kind"] = "html" if "full" in given else "api"
    fragments = given.get("fragments", [])
    path = given["path"]
    if type(fragments) is not list:
        raise AppFault(f"fragments attribute in page {path} is not a list")
    route["fragments"] = []
    for number, fragment in enumerate(fragments, 1):
        if not isinstance(fragment, Struct):
            raise AppFault(f"page {path} fragment {number} is not a struct")
        route["fragments"].append(_fragment(functions, _given(fragment)))
    return route


def _fragment(functions: Functions, given: dict[str, Any]) -> dict[str, Any]:
    route = _common(functions, given)
    route["kind"] = "fragment" if "partial" in given else "api"
    return route


def _common(functions: Functions, given: dict[str, Any]) -> dict[str, Any]:
    known = {"method": "GET", "type": "JSON", "partial": "", "full": ""}
    route = {name: given.get(name, default) for name, default in known.items()}
    route["path"] = given.get("path", "")
    kind = "page" if "full" in given else "API"
    what = f"handler for {kind} {route['path']}"
    route["handler"] = _number(functions, given.get("handler"), what)
    return route


def _style(style: Any) -> Any:
    return _given(style) if isinstance(style, Struct) else style


def _permission(permission: Any) -> Any:
    return _given(permission) if isinstance(permission, Struct) else permission


def _library_file(library: Any) -> str:
    if type(library) is str:
        return "gen/lib/" + library.split("/")[-1]
    if isinstance(library, AceValue) and library.kind == "library":
        return f"gen/esm/{library.get('name')}-{library.get('version')}.js"
    raise AppFault("libraries has an entry that is neither a string nor an ace.library")
