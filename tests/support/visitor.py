"""A visitor without a browser: cookies, redirects and forms over real connections."""

from __future__ import annotations

import http.client
import re
import ssl
from html import unescape
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

_PORTS = {"http": 80, "https": 443}
_MOST = 12
_PROOFS = {"state", "code", "ticket", "token", "SAMLResponse", "nonce", "id_token"}


class Page(NamedTuple):
    """The last answer of a chain of redirects."""

    url: str
    status: int
    text: str

    def field(self, name: str) -> str:
        """The value of a field of a form of the page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no field {name} at {self.url}: {self.text[:2000]}"
        return unescape(found[1])


class Visitor:
    """Every name is 127.0.0.1. ``secrets`` collects what proves something on the way."""

    def __init__(self, *, stops: str = "") -> None:
        """A redirect to an address that begins with ``stops`` is not followed."""
        self.cookies: dict[str, dict[str, str]] = {}
        self.secrets: set[str] = set()
        self._stops = stops

    def get(self, url: str, **headers: str) -> Page:
        return self._go("GET", url, None, headers)

    def post(self, url: str, fields: dict[str, str], **headers: str) -> Page:
        return self._go("POST", url, urlencode(fields).encode(), headers)

    def _go(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Page:
        for _ in range(_MOST):
            self._note(url)
            status, location, text = self._once(method, url, body, headers)
            if not location:
                return Page(url, status, text)
            url = urljoin(url, location)
            if self._stops and url.startswith(self._stops):
                return Page(url, status, text)
            method, body = "GET", None
        raise AssertionError(f"too many redirects, the last to {url}")

    def _once(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, str]:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        connection: http.client.HTTPConnection = http.client.HTTPConnection("127.0.0.1", port)
        if parts.scheme == "https":
            context = ssl._create_unverified_context()
            connection = _Named(parts.hostname or "", port, context)
        sent = {"Accept": "text/html", "Host": parts.netloc, **headers}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        jar = self.cookies.setdefault(parts.hostname or "", {})
        if jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self._keep(jar, value)
            text = answer.read().decode("utf-8", "replace")
            return answer.status, answer.getheader("Location", ""), text
        finally:
            connection.close()

    def _keep(self, jar: dict[str, str], cookie: str) -> None:
        name, _, value = cookie.partition(";")[0].partition("=")
        jar[name.strip()] = value
        if len(value) > 8:
            self.secrets.add(value)

    def _note(self, url: str) -> None:
        """Remember the proofs in an address."""
        for name, value in parse_qsl(urlsplit(url).query):
            if name in _PROOFS and len(value) > 5:
                self.secrets.add(value)


class _Named(http.client.HTTPSConnection):
    """A TLS connection to this machine that asks for a name of the server."""

    def __init__(self, name: str, port: int, context: ssl.SSLContext) -> None:
        super().__init__("127.0.0.1", port)
        self._name, self._tls = name, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)
