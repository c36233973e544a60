"""The definition that ``ace.app`` gives: plain values, functions by number."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from clace.locations import is_http_url
from clace.model import Demands, Permission, ProxyMount, WorkloadCall

NO_FUNCTION = -1


class RouteDefinition(Struct, frozen=True, kw_only=True):
    """One entry of ``routes``, or of a page's ``fragments``."""

    kind: str
    path: str
    handler: int = NO_FUNCTION
    method: str = "GET"
    type: str = "JSON"
    partial: str = ""
    full: str = ""
    fragments: tuple[RouteDefinition, ...] = ()


STYLE_FILE = "gen/css/style.css"
_STYLES = frozenset({"", "tailwindcss", "daisyui"})


class Style(Struct, frozen=True):
    """The CSS library from which the app's style sheet was generated."""

    library: str = ""

    @property
    def is_known(self) -> bool:
        return self.library.lower() in _STYLES or is_http_url(self.library)


class AppDefinition(Struct, frozen=True, kw_only=True):
    """The whole app; ``functions`` are the names of its functions in order of their numbers.

    ``libraries`` are the files below ``static/`` that its script libraries were generated as.
    """

    name: str
    routes: tuple[RouteDefinition, ...] = ()
    proxies: tuple[ProxyMount, ...] = ()
    container: WorkloadCall | None = None
    handler: int = NO_FUNCTION
    error_handler: int = NO_FUNCTION
    style: Style | None = None
    permissions: tuple[Permission, ...] = ()
    libraries: tuple[str, ...] = ()
    settings: dict[str, Any] = {}
    custom_layout: bool = False
    static_only: bool = False
    index: str = ""
    single_file: bool = False
    redirect_bare_path: bool = False
    functions: tuple[str, ...] = ()

    def demands(self, loads: tuple[str, ...]) -> Demands:
        return Demands(loads, tuple(dict.fromkeys(self.permissions)))

    @property
    def generated_files(self) -> tuple[str, ...]:
        """The files below ``static/`` that a build of the app has put there."""
        styled = self.style is not None and self.style.library
        return (*((STYLE_FILE,) if styled else ()), *self.libraries)

    def setting(self, section: str, key: str, default: Any) -> Any:
        """A value of ``settings``, if it is of the default's type."""
        table = self.settings.get(section)
        value = table.get(key, default) if isinstance(table, dict) else default
        return value if isinstance(value, type(default)) else default
