"""Options that an app's host declares; checked, since a host is not trusted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from clace.errors import AppBroken
from clace.model import (
    MOST_DECLARED,
    MOST_MOUNTS,
    MOST_PARAMS,
    AppParam,
    AppSchema,
    DeclaredApp,
    ProxyMount,
    WorkloadCall,
)
from clace.wrong_values import wrong_value

Name = Annotated[str, Meta(max_length=1024)]


_DECLARED: msgspec.json.Decoder[tuple[DeclaredApp, ...]] = msgspec.json.Decoder(
    Annotated[tuple[DeclaredApp, ...], Meta(max_length=MOST_DECLARED)]
)


class AppOptions(Struct, frozen=True):
    """Requests that need the host, and the app's document types and params."""

    static_only: bool = False
    single_file: bool = False
    index: Name = ""
    has_routes: bool = True
    routes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    proxies: Annotated[tuple[ProxyMount, ...], Meta(max_length=MOST_MOUNTS)] = ()
    container: WorkloadCall | None = None
    redirect_bare_path: bool = False
    push_events: bool = False
    schema: AppSchema = AppSchema()
    params: Annotated[tuple[AppParam, ...], Meta(max_length=MOST_PARAMS)] = ()
    declared: str = "[]"
    warnings: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()


def is_plain_site(options: AppOptions) -> bool:
    """Return true if files are all that the app has: it has neither routes nor a program."""
    has_program = options.container is not None
    return options.static_only and not options.has_routes and not has_program


def read_options(options: dict[str, Any]) -> AppOptions:
    """:raises AppBroken: if the options are not of the right types."""
    try:
        return msgspec.convert(options, AppOptions)
    except msgspec.ValidationError as error:
        raise AppBroken(f"the definition of the app is wrong: {wrong_value(error)}") from None


def read_declared(options: AppOptions) -> tuple[DeclaredApp, ...]:
    """:raises AppBroken: if what the host says that files declare is not of the right types."""
    try:
        return _DECLARED.decode(options.declared)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise AppBroken(f"the declarations are wrong: {wrong_value(error)}") from None
