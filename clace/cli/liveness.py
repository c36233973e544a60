"""Liveness of a server that was told to stop."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from clace.server_target import ServerTarget

_SECONDS = 1.0
_PORTS = {"http": 80, "https": 443}


def is_alive(target: ServerTarget, pid: int) -> bool:
    """True if the server still takes connections or, when it is on this machine, still runs."""
    return _takes_connections(target) or (target.is_socket and pid > 0 and _runs(pid))


def _takes_connections(target: ServerTarget) -> bool:
    with suppress(OSError):
        if target.is_socket:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(_SECONDS)
                probe.connect(target.uri)
        else:
            url = urlsplit(target.uri)
            address = (url.hostname or "", url.port or _PORTS[url.scheme])
            socket.create_connection(address, _SECONDS).close()
        return True
    return False


def _runs(pid: int) -> bool:
    """True if a process runs; one that has ended and waits for its parent to notice does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2]
        return state.split()[:1] != ["Z"]
    return True
