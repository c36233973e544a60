"""The life of one app host after the fork: walls first, then the app."""

from __future__ import annotations

import os
import signal
import socket
import sys

from clace.host.line import Line
from clace.host.serving import Serving
from clace.host.walls import AFTER_THREADS, BEFORE_THREADS, Site, put_up
from clace.wire import Ready

_SWITCH_SECONDS = 0.001


def live(site: Site) -> None:
    """Never returns: the process ends when the daemon hangs up."""
    try:
        _serve(site)
    except OSError:
        os._exit(0)
    except BaseException:  # noqa: BLE001 - nothing may fall back into the nursery's loop
        os._exit(1)
    os._exit(0)


def _serve(site: Site) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_SECONDS)
    report = put_up(BEFORE_THREADS, site)
    line = Line(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=site.socket))
    serving = Serving(line, site.bounds.threads)
    serving.start()
    report |= put_up(AFTER_THREADS, site)
    line.send(Ready(walls=report))
    serving.run()
