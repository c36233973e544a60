"""A request as handlers and templates see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct, to_builtins

from clace.gotemplate import Map, Record, URLValues
from clace.host.lazy import LazyFields
from clace.model import AppRequest, Visitor, identity_headers

# With these HTMX wants the page: by a boosted link, or to go back to one that it keeps no more.
_OF_WHOLE_PAGES = ("Hx-Boosted", "Hx-History-Restore-Request")
_NO_VALUES = URLValues({})
_NOBODY = Visitor()


class AppContext:
    """The part of a request that is the same for all requests to an app.

    ``fields`` has it by the names that apps know; none of it can be changed.
    """

    def __init__(
        self,
        *,
        app_name: str,
        app_path: str,
        is_dev: bool,
        push_events: bool,
        htmx_version: str,
    ) -> None:
        self.app_path = app_path
        self.push_events = push_events
        self.fields: dict[str, Any] = {
            "AppName": app_name,
            "AppPath": app_path,
            "IsDev": is_dev,
            "AutoReload": False,
            "PushEvents": push_events,
            "HtmxVersion": htmx_version,
            "Data": None,
        }


def is_partial(request: AppRequest) -> bool:
    """Return true if HTMX asks for a part of a page."""
    return is_htmx(request) and not any(_says_true(request, name) for name in _OF_WHOLE_PAGES)


def is_htmx(request: AppRequest) -> bool:
    return _says_true(request, "Hx-Request")


def _says_true(request: AppRequest, header: str) -> bool:
    return request.headers.get(header, [""])[0] == "true"


class _Incoming(Struct, frozen=True):
    """A request, and what it came to."""

    around: AppContext
    request: AppRequest
    parameters: dict[str, str]

    @property
    def app_url(self) -> str:
        request = self.request
        return f"{request.scheme}://{request.host}{self.around.app_path}"

    @property
    def page(self) -> str:
        path = self.request.path
        return self.around.app_path + path if path != "/" else self.around.app_path

    @property
    def visitor(self) -> Visitor:
        return self.request.visitor or _NOBODY

    @property
    def headers(self) -> dict[str, list[str]]:
        """The client's, of which those of the server were removed, and the server's own."""
        headers = {name: [*values] for name, values in self.request.headers.items()}
        said = identity_headers(self.request.user_id, self.visitor)
        headers.update({name: [value] for name, value in said.items()})
        return headers

    @property
    def form(self) -> dict[str, list[str]]:
        form, query = self.request.form, self.request.query
        return {name: [*form.get(name, ()), *query.get(name, ())] for name in {**form, **query}}


RequestFields = LazyFields[_Incoming]
# By the names that apps know. What can be changed is made for this request alone.
_FIELDS: dict[str, Callable[[_Incoming], Any]] = {
    "AppName": lambda incoming: incoming.around.fields["AppName"],
    "AppPath": lambda incoming: incoming.around.fields["AppPath"],
    "AppUrl": lambda incoming: incoming.app_url,
    "PagePath": lambda incoming: incoming.page,
    "PageUrl": lambda incoming: incoming.app_url + incoming.page,
    "Method": lambda incoming: incoming.request.method,
    "IsDev": lambda incoming: incoming.around.fields["IsDev"],
    "AutoReload": lambda incoming: incoming.around.fields["AutoReload"],
    "IsPartial": lambda incoming: is_partial(incoming.request),
    "PushEvents": lambda incoming: incoming.around.fields["PushEvents"],
    "HtmxVersion": lambda incoming: incoming.around.fields["HtmxVersion"],
    "Headers": lambda incoming: incoming.headers,
    "RemoteIP": lambda incoming: incoming.request.remote_ip,
    "UrlParams": lambda incoming: incoming.parameters,
    "Form": lambda incoming: incoming.form,
    "Query": lambda incoming: incoming.request.query,
    "PostForm": lambda incoming: incoming.request.form,
    "Files": lambda incoming: to_builtins(incoming.request.files),
    "Data": lambda incoming: incoming.around.fields["Data"],
    "UserId": lambda incoming: incoming.request.user_id,
    "UserSubject": lambda incoming: incoming.visitor.subject,
    "UserEmail": lambda incoming: incoming.visitor.email,
    "UserGroups": lambda incoming: [*incoming.visitor.groups],
    "CustomPerms": lambda incoming: [*incoming.visitor.permissions],
    "AppRBACEnabled": lambda incoming: incoming.visitor.is_rbac_enabled,
}
_BY_NAME = dict(sorted(_FIELDS.items()))


def request_fields(
    around: AppContext, request: AppRequest, parameters: dict[str, str]
) -> RequestFields:
    """The fields of the request, sorted by the names that apps know."""
    return LazyFields(_BY_NAME, _Incoming(around, request, parameters), around.fields.copy())


def _values(entries: dict[str, list[str]]) -> URLValues:
    return URLValues(entries) if entries else _NO_VALUES


def _same(name: str) -> Callable[[RequestFields], Any]:
    return lambda fields: fields[name]


# Of a request's; in the place of its ``Data`` is the result of the handler.
_SHOWN: dict[str, Callable[[RequestFields], Any]] = {
    **{name: _same(name) for name in _FIELDS},
    "Headers": lambda fields: URLValues(fields["Headers"], header=True),
    "UrlParams": lambda fields: Map(fields["UrlParams"], elem="string"),
    "Form": lambda fields: _values(fields["Form"]),
    "Query": lambda fields: _values(fields["Query"]),
    "PostForm": lambda fields: _values(fields["PostForm"]),
}
_OF_VALUES = ("Headers", "Form", "Query", "PostForm")
_INTERFACES = frozenset({"Data"})


def template_record(fields: RequestFields, data: Any) -> Record:
    """The same for templates, where lists of values have Go's methods.

    :raises TypeError: if a handler put something other than lists of strings into one that it read.
    """
    made = fields.made
    ready = {**fields.source.around.fields, "Data": data}
    shown = LazyFields(_SHOWN, fields, ready)
    for name in _OF_VALUES:
        if made.get(name):
            shown[name]
    return Record("starlark_type.Request", shown, interfaces=_INTERFACES)
