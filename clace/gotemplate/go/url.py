"""URLs taken apart and put together as Go's ``net/url`` does."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from clace.gotemplate.faults import CallFault
from clace.gotemplate.go.values import decode, encode
from clace.gotemplate.language.literals import quote

_LETTERS: Final = "A-Za-z0-9"
_KEEP: Final = {
    "host": re.compile(rb"[^A-Za-z0-9!$&'()*+,;=:\[\]<>\"\-_.~]"),
    "path": re.compile(rb"[^A-Za-z0-9\-_.~$&+,/:;=@]"),
    "segment": re.compile(rb"[^A-Za-z0-9\-_.~$&+:=@]"),
    "user": re.compile(rb"[^A-Za-z0-9\-_.~$&+,;=]"),
    "query": re.compile(rb"[^A-Za-z0-9\-_.~]"),
    "fragment": re.compile(rb"[^A-Za-z0-9\-_.~$&+,/:;=?@!()*]"),
}
_BAD_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_PERCENT: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile("[\0-\x1f\x7f]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_PORT: Final = re.compile(r"(?::[0-9]*)?\Z", re.ASCII)
_USERINFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*\Z")


def escape(text: str, mode: str) -> str:
    """Percent-encode what may not stand in one part of a URL."""

    def change(found: re.Match[bytes]) -> bytes:
        return b"+" if mode == "query" and found[0] == b" " else b"%%%02X" % found[0][0]

    return _KEEP[mode].sub(change, encode(text)).decode("ascii")


def unescape(text: str, mode: str) -> str:
    """The text without percent-encoding; ``CallFault`` if that is malformed."""
    bad = _BAD_PERCENT.search(text)
    if bad is not None:
        raise CallFault(f"invalid URL escape {quote(bad[0])}")
    if mode == "host":
        _check_host(text)
    data = encode(text)
    if mode == "query":
        data = data.replace(b"+", b" ")
    return decode(_PERCENT.sub(lambda found: bytes([int(found[1], 16)]), data))


def _check_host(text: str) -> None:
    for found in re.finditer(r"%([0-7])[0-9A-Fa-f]|([^%])", text):
        if found[1] and found[0] != "%25":
            raise CallFault(f"invalid URL escape {quote(found[0])}")
        char = found[2]
        if char and char < "\x80" and _KEEP["host"].match(char.encode()):
            raise CallFault(f"invalid character {quote(char)} in host name")


@dataclass(frozen=True, slots=True)
class ParsedURL:
    """The parts, unescaped but for ``query`` and ``opaque``; ``userinfo`` is as Go prints it."""

    scheme: str = ""
    opaque: str = ""
    userinfo: str | None = None
    host: str = ""
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def hostname(self) -> str:
        host = self.host
        colon = host.rfind(":")
        if colon >= 0 and _PORT.match(host[colon:]):
            host = host[:colon]
        return host[1:-1] if host[:1] == "[" and host[-1:] == "]" else host

    def __str__(self) -> str:
        out = f"{self.scheme}:" if self.scheme else ""
        if self.opaque:
            out += self.opaque
        else:
            out += self._hierarchy(bool(out))
        if self.query:
            out += "?" + self.query
        return out + ("#" + escape(self.fragment, "fragment") if self.fragment else "")

    def _hierarchy(self, after_scheme: bool) -> str:  # noqa: FBT001
        out = ""
        has_user = self.userinfo is not None
        if (self.scheme or self.host or has_user) and (self.host or self.path or has_user):
            out = "//" + (f"{self.userinfo}@" if has_user else "") + escape(self.host, "host")
        path = "*" if self.path == "*" else escape(self.path, "path")
        if path and path[0] != "/" and self.host:
            out += "/"
        if not out and not after_scheme and ":" in path.partition("/")[0]:
            out = "./"
        return out + path


def parse(text: str) -> ParsedURL:
    """Return the parts of a URL; ``CallFault`` with Go's message if it is invalid."""
    before, _, fragment = text.partition("#")
    try:
        url = _parse(before)
        shown = text
        return ParsedURL(
            url.scheme,
            url.opaque,
            url.userinfo,
            url.host,
            url.path,
            url.query,
            unescape(fragment, "fragment"),
        )
    except CallFault as fault:
        shown = before if "fragment" not in str(fault) and _fails(before) else text
        raise CallFault(f"parse {quote(shown)}: {fault}") from None


def _fails(text: str) -> bool:
    try:
        _parse(text)
    except CallFault:
        return True
    return False


def _parse(text: str) -> ParsedURL:
    if _CONTROL.search(text):
        raise CallFault("net/url: invalid control character in URL")
    if text == "*":
        return ParsedURL(path="*")
    if text.startswith(":"):
        raise CallFault("missing protocol scheme")
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    rest = text[found.end() :] if found else text
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return ParsedURL(scheme, opaque=rest, query=query)
        if ":" in rest.partition("/")[0]:
            raise CallFault("first path segment in URL cannot contain colon")
    userinfo, host = None, ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        userinfo, host = _authority(scheme, authority)
    return ParsedURL(scheme, "", userinfo, host, unescape(rest, "path"), query)


def _authority(scheme: str, authority: str) -> tuple[str | None, str]:
    userinfo, at, host = authority.rpartition("@")
    host = _host(scheme, host)
    if not at:
        return None, host
    if not _USERINFO.match(userinfo):
        raise CallFault("net/url: invalid userinfo")
    name, colon, password = userinfo.partition(":")
    shown = escape(unescape(name, "user"), "user")
    if colon:
        shown += ":" + escape(unescape(password, "user"), "user")
    return shown, host


def _host(scheme: str, host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise CallFault("invalid IP-literal")
    if bracket == 0:
        return _ip_literal(host)
    if ":" in host:
        at = host.find(":") if scheme in ("http", "https") else host.rfind(":")
        if not _PORT.match(host[at:]):
            raise CallFault(f"invalid port {quote(host[at:])} after host")
    return unescape(host, "host")


def _ip_literal(host: str) -> str:
    close = host.rfind("]")
    if close < 0:
        raise CallFault("missing ']' in host")
    port = host[close + 1 :]
    if not _PORT.match(port):
        raise CallFault(f"invalid port {quote(port)} after host")
    name = unescape(host[1:close], "path")
    try:
        ipaddress.IPv6Address(name)
    except ValueError:
        raise CallFault(f"invalid host: ParseAddr({quote(name)}): unable to parse IP") from None
    return f"[{name}]{port}"
