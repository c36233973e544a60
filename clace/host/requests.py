"""A request as handlers and templates see it."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, to_builtins

from clace.gotemplate import Record, URLValues
from clace.gotemplate.values import Map
from clace.model.traffic import AppRequest

# With these HTMX wants the page: by a boosted link, or to go back to one that it keeps no more.
_OF_WHOLE_PAGES = ("Hx-Boosted", "Hx-History-Restore-Request")
_NO_VALUES = URLValues({})


class Surroundings(Struct, frozen=True, kw_only=True):
    """The part of a request that is the same for all requests to an app."""

    app_name: str
    app_path: str
    is_dev: bool
    push_events: bool
    htmx_version: str


def is_partial(request: AppRequest) -> bool:
    """Return true if HTMX asks for a part of a page."""
    return is_htmx(request) and not any(_says_true(request, name) for name in _OF_WHOLE_PAGES)


def is_htmx(request: AppRequest) -> bool:
    return _says_true(request, "Hx-Request")


def _says_true(request: AppRequest, header: str) -> bool:
    return request.headers.get(header, [""])[0] == "true"


def request_fields(
    around: Surroundings, request: AppRequest, parameters: dict[str, str]
) -> dict[str, Any]:
    """The fields by the names that apps know."""
    app_url = f"{request.scheme}://{request.host}{around.app_path}"
    page = around.app_path + request.path if request.path != "/" else around.app_path
    return {
        "AppName": around.app_name,
        "AppPath": around.app_path,
        "AppUrl": app_url,
        "PagePath": page,
        "PageUrl": app_url + page,
        "Method": request.method,
        "IsDev": around.is_dev,
        "AutoReload": False,
        "IsPartial": is_partial(request),
        "PushEvents": around.push_events,
        "HtmxVersion": around.htmx_version,
        "Headers": {name: [*values] for name, values in request.headers.items()},
        "RemoteIP": request.remote_ip,
        "UrlParams": parameters,
        "Form": {
            name: [*request.form.get(name, ()), *request.query.get(name, ())]
            for name in {**request.form, **request.query}
        },
        "Query": request.query,
        "PostForm": request.form,
        "Files": {name: to_builtins(files) for name, files in request.files.items()},
        "Data": None,
        "UserId": request.user_id,
        "UserSubject": "",
        "UserEmail": "",
        "CustomPerms": [],
        "AppRBACEnabled": False,
    }


def _values(entries: dict[str, list[str]]) -> URLValues:
    return URLValues(entries) if entries else _NO_VALUES


def template_record(fields: dict[str, Any], data: Any) -> Record:
    """The same for templates, where lists of values have Go's methods."""
    shown = {
        **fields,
        "Headers": URLValues(fields["Headers"], header=True),
        "UrlParams": Map(fields["UrlParams"], elem="string"),
        "Form": _values(fields["Form"]),
        "Query": _values(fields["Query"]),
        "PostForm": _values(fields["PostForm"]),
        "Data": data,
    }
    return Record("starlark_type.Request", shown, interfaces=("Data",))
