"""An HTTP request as an app may see it."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from clace import cookies
from clace.credentials import FOR_THE_SERVER
from clace.errors import BadRequest
from clace.header_names import OUR_HEADERS
from clace.model import AppRequest, ClientWishes, Upload, Visitor
from clace.urlencoded import pairs, unescaped
from clace.web.http1 import DirectRequest, HeaderFields

MAX_FIELDS = 2000
# The length of names and paths that are worth to be kept as they are used.
_USUAL = 64
# Servers of the CGI kind see X_Clace-User as X-Clace-User.
_SEPARATOR = re.compile(r"[^0-9a-z]")
_PREFIX, _PREFIX_OF_ERA_26 = "/_clace_app/", "/_openrun_app/"


class PostedForm(Struct, frozen=True):
    """A form in the body of a request: its fields, and the files among them."""

    fields: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}


NO_FORM = PostedForm()


def clean_path(raw: bytes) -> str:
    """The decoded path, with runs of slashes as one.

    :raises BadRequest: if it is not text, or has parts that would mean another path than it shows.
    """
    return (_clean_path if len(raw) <= _USUAL else _clean_path.__wrapped__)(raw)


@lru_cache(maxsize=1024)
def _clean_path(raw: bytes) -> str:
    try:
        path = unescaped(raw).decode()
    except UnicodeDecodeError as error:
        raise BadRequest("the path is not UTF-8") from error
    segments = [segment for segment in path.split("/") if segment]
    if "\x00" in path or "\\" in path or "." in segments or ".." in segments:
        raise BadRequest("the path has a part that is not allowed")
    return "/" + "/".join(segments) + ("/" if segments and path.endswith("/") else "")


def relative_path(path: str, app_path: str) -> str:
    """``path`` as seen from an app that lives at ``app_path``, below our own prefix by its name."""
    inside = path if app_path == "/" else path.removeprefix(app_path) or "/"
    if inside.startswith(_PREFIX_OF_ERA_26):
        return _PREFIX + inside.removeprefix(_PREFIX_OF_ERA_26)
    return inside


def visible_headers(fields: HeaderFields) -> dict[str, list[str]]:
    """The headers, names as ``Hx-Request``, without those that are the server's alone.

    Passwords, tokens of ours and cookies of ours are among them, whoever checks them.
    """
    headers: dict[str, list[str]] = {}
    for name, values in fields.getAllRawHeaders():
        canonical = _canonical(name) if len(name) <= _USUAL else _canonical.__wrapped__(name)
        if canonical:
            texts = [value.decode("utf-8", "replace") for value in values]
            left = _LEFT[canonical](texts) if canonical in _LEFT else texts
            if left:
                headers[canonical] = left
    return headers


def others_credentials(values: list[str]) -> list[str]:
    """The values of ``Authorization`` that are not for this server: of other schemes."""
    return [value for value in values if not _OUR_CREDENTIALS.match(value)]


def others_cookies(values: list[str]) -> list[str]:
    """The cookies that are not this server's."""
    return [left for value in values if (left := cookies.others(value))]


_OUR_CREDENTIALS = re.compile(FOR_THE_SERVER, re.IGNORECASE)
_LEFT = {"Authorization": others_credentials, "Cookie": others_cookies}


def wishes_of(fields: HeaderFields) -> ClientWishes:
    """The headers on the form and part of a file."""

    def value(name: bytes) -> str:
        return b",".join(fields.getRawHeaders(name)).decode("utf-8", "replace")

    return ClientWishes(
        accept_encoding=value(b"accept-encoding"),
        if_none_match=value(b"if-none-match"),
        range=value(b"range"),
        if_range=value(b"if-range"),
    )


@lru_cache(maxsize=512)
def _canonical(name: bytes) -> str:
    """The name as ``Hx-Request``; empty for one that is never taken from a client."""
    lower = name.decode("latin-1").lower()
    if _SEPARATOR.sub("-", lower).startswith(OUR_HEADERS):
        return ""
    return "-".join(part.capitalize() for part in lower.split("-"))


def urlencoded(encoded: bytes) -> dict[str, list[str]]:
    """The fields of a query or of a form.

    :raises BadRequest: if there are too many fields.
    """
    if encoded.count(b"&") >= MAX_FIELDS:
        raise BadRequest("too many fields")
    found: dict[str, list[str]] = {}
    for name, value in pairs(encoded):
        text = value.decode("utf-8", "replace")
        found.setdefault(name.decode("utf-8", "replace"), []).append(text)
    return found


def app_request(
    request: DirectRequest,
    form: PostedForm,
    path: str,
    user: tuple[str, Visitor | None],
    request_id: str,
) -> AppRequest:
    """The request, to an app-relative ``path``, of a user who was admitted."""
    fields, peer = request.requestHeaders, request.peer
    query = request.uri.partition(b"?")[2]
    return AppRequest(
        method=request.method.decode("ascii"),
        path=path,
        host=request.authority,
        scheme=peer.scheme,
        headers=fields.once(visible_headers, fields),
        query=urlencoded(query) if query else {},
        form=form.fields,
        files=form.files,
        remote_ip=peer.ip,
        user_id=user[0],
        visitor=user[1],
        request_id=request_id,
        is_bare=path == "/" and not request.path.endswith(b"/"),
    )
