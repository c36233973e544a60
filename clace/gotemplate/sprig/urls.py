"""sprig's URL functions and the server's four for escaping."""

from __future__ import annotations

from typing import Any, Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go import url as gourl
from clace.gotemplate.go.values import kind_name
from clace.gotemplate.language.signatures import Library

URLS: Final = Library()


@URLS.add("urlParse", "string")
def url_parse(text: str) -> dict[str, Any]:
    try:
        url = gourl.parse(text)
    except CallFault as fault:
        raise CallFault(f"unable to parse url: {fault}") from None
    return {
        "scheme": url.scheme,
        "host": url.host,
        "hostname": url.hostname,
        "path": url.path,
        "query": url.query,
        "opaque": url.opaque,
        "fragment": url.fragment,
        "userinfo": url.userinfo or "",
    }


def _part(parts: dict[str, Any], key: str) -> str:
    value = parts.get(key, "")
    if not isinstance(value, str):
        if value is None:
            raise CallFault("runtime error: invalid memory address or nil pointer dereference")
        raise CallFault(
            f"unable to parse {key} key, must be of type string, but {kind_name(value)} found"
        )
    return str.__str__(value)


@URLS.add("urlJoin", "map")
def url_join(parts: dict[str, Any]) -> str:
    keys = ("scheme", "host", "path", "query", "opaque", "fragment", "userinfo")
    scheme, host, path, query, opaque, fragment, userinfo = (_part(parts, key) for key in keys)
    user = None
    if userinfo:
        try:
            user = gourl.parse(f"proto://{userinfo}@host").userinfo
        except CallFault as fault:
            raise CallFault(f"unable to parse userinfo in dict: {fault}") from None
    return str(gourl.ParsedURL(scheme, opaque, user, host, path, query, fragment))


@URLS.add("pathEscape", "string")
def path_escape(text: str) -> str:
    return gourl.escape(text, "segment")


@URLS.add("pathUnescape", "string")
def path_unescape(text: str) -> str:
    return gourl.unescape(text, "segment")


@URLS.add("queryEscape", "string")
def query_escape(text: str) -> str:
    return gourl.escape(text, "query")


@URLS.add("queryUnescape", "string")
def query_unescape(text: str) -> str:
    return gourl.unescape(text, "query")
