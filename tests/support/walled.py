"""Run as a program: shuts itself in like an app host, tries what it must not, and tells.

Arguments: the descriptor of a socket, and the number of threads to have when the walls go up.
"""

# ruff: noqa: PTH123, SIM115
from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time

from clace.host.sandbox.walls import HOST_LAYERS, WallContext
from clace.kernel.layers import put_up
from clace.wire import HostBounds
from tests.support.probes import Target, hoard, outcome, try_all


def in_thread(work):
    """The outcome of ``work`` in a thread that was there before the walls."""
    given.append(work)
    while not taken:
        time.sleep(0.001)
    outcome = taken.pop()
    if isinstance(outcome, Exception):
        raise outcome


def worker():
    while True:
        if given:
            try:
                taken.append(given.pop()())
            except Exception as error:  # noqa: BLE001
                taken.append(error)
        time.sleep(0.001)


IN_A_THREAD = {
    "read a file in a thread": lambda _: in_thread(lambda: open("/etc/passwd")),
    "fork in a thread": lambda _: in_thread(os.fork),
}


if __name__ == "__main__":
    daemon, descriptor, threads = os.getppid(), int(sys.argv[1]), int(sys.argv[2])
    line = socket.socket(fileno=descriptor)
    given, taken = [], []
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    bounds = HostBounds(memory_mb=64)
    user = 0 if os.geteuid() else 2_000_000_000
    site = WallContext(socket=descriptor, statm=statm, parent=daemon, bounds=bounds, user=user)
    for _ in range(threads):
        threading.Thread(target=worker, daemon=True).start()
    walls = put_up(HOST_LAYERS, site)
    target = Target(line, daemon)
    tried = try_all(target)
    tried |= {name: outcome(probe, target) for name, probe in IN_A_THREAD.items()}
    report = {"walls": walls, "tried": tried, "memory": hoard(200)}
    line.sendall(json.dumps(report).encode())
    os._exit(0)
