"""Host headers taken apart."""

from __future__ import annotations

from ipaddress import ip_address


def host_name(host: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    return _split(host)[0].lower()


def host_port(host: str) -> int | None:
    """The port in a Host header, if it has one."""
    port = _split(host)[1]
    return int(port) if port.isascii() and port.isdecimal() else None


def is_address(name: str) -> bool:
    """Tell an IP address from a name, which a page could rebind to another server."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def netloc(name: str, port: int | None) -> str:
    """A name or address as it stands in an URL, with the port if there is one."""
    bracketed = f"[{name}]" if ":" in name else name
    return bracketed if port is None else f"{bracketed}:{port}"


def _split(host: str) -> tuple[str, str]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = host.partition(":")
    return name, port
