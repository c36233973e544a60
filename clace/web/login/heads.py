"""The head of a request as authenticators see it."""

from __future__ import annotations

from clace import cookies
from clace.credentials import Authorization, read_authorization
from clace.interfaces import ClientTLS
from clace.model import host_name
from clace.web.client_tls import client_tls
from clace.web.forwarded import ip_of
from clace.web.http1 import DirectRequest, HeaderFields


class AskingHead:
    """A view on a request; nothing is read before it is asked for."""

    __slots__ = ("_request", "scheme")

    def __init__(self, request: DirectRequest) -> None:
        self._request = request
        self.scheme = request.peer.scheme

    @property
    def method(self) -> str:
        return self._request.method.decode("ascii")

    @property
    def address(self) -> str:
        return self._request.peer.ip

    @property
    def host(self) -> str:
        found: str = self._request.requestHeaders.once(host_name, self._request.authority)
        return found

    @property
    def authority(self) -> str:
        return self._request.authority

    @property
    def target(self) -> str:
        return self._request.uri.decode("latin-1")

    @property
    def reached(self) -> str:
        """The address that the client itself connected to."""
        peer = self._request.peer
        return "" if peer.proxied else str(ip_of(self._request.getHost()) or "")

    @property
    def tls(self) -> ClientTLS | None:
        """The connection of the client itself; behind a proxy it is the proxy's."""
        channel = self._request.channel
        if channel is None or self._request.peer.proxied:
            return None
        return client_tls(channel.transport)

    @property
    def origin(self) -> str:
        """Scheme, name and port that the request was sent to."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authorization(self) -> Authorization:
        fields = self._request.requestHeaders
        return fields.once(authorization_of, fields)

    def header(self, name: str) -> str | None:
        return self._request.requestHeaders.only(name.encode("ascii"))

    def has(self, name: str) -> bool:
        """Tell whether there is a header of the name, whether once or more often."""
        return bool(self._request.requestHeaders.getRawHeaders(name.encode("ascii")))

    def cookie(self, name: str) -> str | None:
        fields = self._request.requestHeaders
        return fields.once(cookies_of, fields).get(name)

    def has_cookie(self, name: str) -> bool:
        """Tell whether the request has a cookie of this name, be it one or several."""
        fields = self._request.requestHeaders
        return name in fields.once(cookies_of, fields)


def authorization_of(fields: HeaderFields) -> Authorization:
    """The credentials of a request, if there is one ``Authorization``."""
    return read_authorization(fields.only(b"authorization"))


def cookies_of(fields: HeaderFields) -> dict[str, str | None]:
    """The cookies of a request by name."""
    return cookies.parsed(fields.getRawHeaders(b"cookie"))
