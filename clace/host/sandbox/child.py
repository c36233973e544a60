"""The life of one app host after the fork: walls first, then the app."""

from __future__ import annotations

import os
import signal
import socket

from msgspec import Struct

from clace.host.requests import DaemonLine, Serving
from clace.host.sandbox.walls import HOST_LAYERS, WallContext
from clace.kernel import put_up
from clace.model import missing
from clace.wire import MEMORY_GONE, WALLS_MISSING, HostReady


class ChildContext(Struct, frozen=True, kw_only=True):
    """The start of a host: its place, the walls around it, and those it has to have."""

    site: WallContext
    walls: dict[str, str]
    required: tuple[str, ...]


def live(birth: ChildContext, serving: type[Serving] = Serving) -> None:
    """Serve until the daemon hangs up, and end the process; without a needed wall at once."""
    try:
        _serve(birth, serving)
    except OSError:
        os._exit(0)
    except MemoryError:
        os._exit(MEMORY_GONE)
    except BaseException:  # noqa: BLE001 - nothing may fall back into the fork server's loop
        os._exit(1)
    os._exit(0)


def _serve(birth: ChildContext, make_serving: type[Serving]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    site = birth.site
    line = DaemonLine(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=site.socket))
    serving = make_serving(line)
    walls = put_up(HOST_LAYERS, site)
    walls |= {name: why or walls.get(name, "") for name, why in birth.walls.items()}
    line.send(HostReady(walls=walls))
    line.flush()
    if set(birth.required) & set(missing(walls)):
        os._exit(WALLS_MISSING)
    serving.run()
