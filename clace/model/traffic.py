"""A request to an app and its answer, as they travel between the web edge and an app's host."""

from __future__ import annotations

from collections.abc import AsyncIterator

from msgspec import Struct

from clace.model.failures import Fault
from clace.model.scope import Scope

ANONYMOUS = "anonymous"
NO_ROUTE = "404 page not found"
# An app's answer for a path without a route; it is known by these bytes.
NOT_FOUND = f"{NO_ROUTE}\n".encode()


class Upload(Struct, frozen=True, kw_only=True):
    """A file that came with a request: what the client calls it, and where it is until the end."""

    name: str
    path: str
    size: int
    type: str = ""


class Visitor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts about a signed-in user besides the id; ``permissions`` are the custom ones.

    ``token`` is the signed identity token, for an app that asked for it. ``is_admin`` has all
    permissions; ``scope`` bounds those of who came by an API token.
    """

    subject: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    is_rbac_enabled: bool = False
    is_admin: bool = False
    scope: Scope | None = None
    token: str = ""


def identity_headers(user_id: str, visitor: Visitor) -> dict[str, str]:
    """The headers that tell an app who asks; those without a value are left out."""
    said = {
        "X-Clace-User": user_id,
        "X-Clace-User-Id": visitor.subject,
        "X-Clace-User-Email": visitor.email,
        "X-Clace-Perms": ",".join(visitor.permissions),
        "X-Clace-Rbac-Enabled": "true" if visitor.is_rbac_enabled else "false",
        "X-Clace-Identity": visitor.token,
    }
    return {name: value for name, value in said.items() if value}


class AppRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One HTTP request as an app sees it; ``path`` is decoded and relative to the app, with ``/``.

    ``form`` has the paths of ``files`` among its values, and ``""`` for a file that was not chosen.
    ``is_bare``: it was for the app's own address without a slash behind it.
    Header names are canonical (``Hx-Request``); the server's own headers and cookies are not in it.
    """

    method: str
    path: str
    host: str
    scheme: str = "http"
    headers: dict[str, list[str]] = {}
    query: dict[str, list[str]] = {}
    form: dict[str, list[str]] = {}
    files: dict[str, list[Upload]] = {}
    remote_ip: str = ""
    user_id: str = ANONYMOUS
    visitor: Visitor | None = None
    request_id: str = ""
    is_bare: bool = False

    @property
    def size(self) -> int:
        """About how many bytes it has of the visitor's form; of all else there is little."""
        if not self.form:
            return 0
        return sum(len(name) + sum(map(len, values)) for name, values in self.form.items())


class AppResponse(Struct, frozen=True, kw_only=True):
    """An app's answer; the body is whole, or a stream that fails if the app does.

    ``fault`` is a failure that the app has answered itself.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | AsyncIterator[bytes] = b""
    fault: Fault | None = None


class AuditEvent(Struct, frozen=True, kw_only=True):
    """Something that somebody did; ``create_time`` is in nanoseconds since the epoch."""

    rid: str
    app_id: str
    create_time: int
    user_id: str
    event_type: str
    operation: str
    target: str
    status: str
    detail: str = ""
