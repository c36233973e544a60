"""The listeners that a server has without being told of any."""

from __future__ import annotations

import socket
from typing import Literal

from msgspec import Struct

from clace.listeners.names import ip
from clace.locations import is_http_url
from clace.model import TLS_BY_NAME, quoted

Serve = Literal["admin", "apps"]
Site = Literal["socket", "admin", "apps"]
"""What connections are handed to: ``socket`` is the admin API for whoever can open its socket."""
OFF = -1
# Where Twisted's 50 connections wait, a flood makes others try again a second later.
_QUEUE = ":backlog=1024"
_ALL_INTERFACES = frozenset({"", "*", "0.0.0.0", "::"})  # noqa: S104 - recognised, not bound


class ChosenListener(Struct, frozen=True):
    """An endpoint string, and what is served there; ``options`` go with it and are not told.

    ``place`` is where the configuration declares it, if it does.
    """

    endpoint: str
    serve: Serve
    options: str = ""
    place: str = ""


class DefaultListeners(Struct, frozen=True, kw_only=True):
    """Configuration of the usual listeners; port 0 picks one, -1 turns a listener off."""

    server_uri: str
    certificates: str
    http_host: str = "127.0.0.1"
    http_port: int = 25222
    https_host: str = "0.0.0.0"  # noqa: S104 - what the original does
    https_port: int = 25223
    certificate_names: tuple[str, ...] = ()
    certificate_lookup: bool = True


def default_listeners(wanted: DefaultListeners, *, dual_stack: bool) -> tuple[ChosenListener, ...]:
    """The admin socket, unless ``server_uri`` is a URL, and HTTP and HTTPS for apps.

    With ``dual_stack`` a host that means all interfaces means those of IPv6 too.
    """
    found = []
    if not is_http_url(wanted.server_uri):
        socket_path = quoted(wanted.server_uri.removeprefix("unix:"))
        found.append(ChosenListener(f"unix:{socket_path}:mode=600:lockfile=0", "admin"))
    if wanted.http_port != OFF:
        plain = _tcp(wanted.http_host, wanted.http_port, dual_stack)
        found.append(ChosenListener(plain, "apps", _QUEUE))
    if wanted.https_port != OFF:
        found.append(ChosenListener(_https(wanted, dual_stack), "apps", _QUEUE))
    return tuple(found)


def has_dual_stack() -> bool:
    """Return true if a socket on ``::`` takes IPv4 connections too on this machine."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            return not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return False


def _https(wanted: DefaultListeners, dual_stack: bool) -> str:  # noqa: FBT001
    options = ""
    if wanted.certificate_names:
        options += f":names={quoted(','.join(wanted.certificate_names))}"
    if not wanted.certificate_lookup:
        options += ":lookup=no"
    inner = _tcp(wanted.https_host, wanted.https_port, dual_stack)
    return f"{TLS_BY_NAME}:{quoted(wanted.certificates)}:{inner}{options}"


def _tcp(host: str, port: int, dual_stack: bool) -> str:  # noqa: FBT001
    if host in _ALL_INTERFACES:
        return f"tcp6:{port}" if dual_stack else f"tcp:{port}:interface=0.0.0.0"
    address = ip(host)
    prefix = "tcp6" if address and address.version == 6 else "tcp"  # noqa: PLR2004
    return f"{prefix}:{port}:interface={quoted(host)}"
