"""Addresses at which a server can be reached, once its ports are open."""

from __future__ import annotations

import os

from msgspec import Struct
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress

from clace.listeners.defaults import ChosenListener, Serve
from clace.model import is_encrypted

_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound


class ListenerAddress(Struct, frozen=True):
    """``unix`` with a path as its host, or ``http`` or ``https`` with host and port."""

    serve: Serve
    scheme: str
    host: str
    port: int = 0

    @property
    def url(self) -> str:
        """Something to open from this machine; a listener on all interfaces is on localhost."""
        if self.scheme == "unix":
            return f"unix:{self.host}"
        host = "localhost" if self.host in _EVERYWHERE else self.host
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def address_of(listener: ChosenListener, bound: IAddress) -> ListenerAddress:
    """Return the address of an open listener; for unknown kinds, only the string."""
    if isinstance(bound, UNIXAddress):
        return ListenerAddress(listener.serve, "unix", os.fsdecode(bound.name or b""))
    if isinstance(bound, IPv4Address | IPv6Address):
        scheme = "https" if is_encrypted(listener.endpoint) else "http"
        return ListenerAddress(listener.serve, scheme, bound.host, bound.port)
    return ListenerAddress(listener.serve, "other", listener.endpoint)
