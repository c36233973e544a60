"""The endpoints that may serve the admin API: what is wrong with one, before anything is opened."""

from __future__ import annotations

from pathlib import Path

from clace.model.endpoint_strings import EndpointDescription

_OTHERS = 0o077


def problem_of_admin(outermost: EndpointDescription, *, over_tcp: bool) -> str:
    """Return the reason why an endpoint may not serve the admin API; empty if it may.

    Only a socket that is ours alone needs no password; one inside another endpoint may be reached
    by whoever reaches that.
    """
    if outermost.prefix == "unix":
        return _problem_of_socket(outermost.value("address", 0) or "", outermost.value("mode", 1))
    if not over_tcp:
        return (
            "what serves the admin API must be unix:PATH:mode=600, unless "
            "security.admin_over_tcp is set"
        )
    return ""


def _problem_of_socket(path: str, mode: str | None) -> str:
    """Return the reason why others could open a socket, or nothing."""
    if not Path(path).is_absolute():
        return "the path of an admin socket must be absolute"
    if mode is None:
        return "an admin socket needs mode=600; without a mode everybody could open it"
    try:
        is_open = bool(int(mode, 8) & _OTHERS)
    except ValueError:
        return f"expected a mode like 600, got mode={mode}"
    return f"mode={mode} opens the admin socket to others; use mode=600" if is_open else ""
