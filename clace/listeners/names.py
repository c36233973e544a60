"""Server names that clients send, turned into names of certificate files. The input is hostile."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

# ``_`` alone is no label: it stands for the ``*`` of a wildcard certificate in file names.
_LABEL = re.compile(r"(?!-|_\Z)[a-z0-9_-]{1,63}(?<!-)")
_LONGEST = 253


def server_name(sent: bytes | str | None) -> str | None:
    """The DNS name or IP address in lower case; ``None`` for what is neither.

    What comes back has no ``/``, does not begin with a dot and fits in a DNS name.
    """
    if sent is None:
        return None
    try:
        text = sent.decode("ascii") if isinstance(sent, bytes) else sent
    except UnicodeDecodeError:
        return None
    address = ip(text)
    return str(address) if address else _dns_name(text)


def ip(text: str) -> IPv4Address | IPv6Address | None:
    """The address, without a scope: ``ipaddress`` takes any text behind the ``%``, ``/`` too."""
    # Names are told from addresses by their last letter, for every handshake asks.
    if "%" in text or not (":" in text or text[-1:].isdigit()):
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def file_stems(name: str) -> tuple[str, ...]:
    """Under which names a certificate for ``name`` may lie, the best first."""
    _, dot, parent = name.partition(".")
    if ip(name) or not dot:
        return (name,)
    return (name, f"_.{parent}")


def _dns_name(text: str) -> str | None:
    name = text.lower().removesuffix(".")
    if not text.isascii() or len(name) > _LONGEST:
        return None
    if not all(_LABEL.fullmatch(label) for label in name.split(".")):
        return None
    return name
