"""Trying the wall around programs: a program that does nothing, to learn which layers stand.

Run as a program of its own with the number of a user for it; tells the layers as JSON.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping

from clace.processes.walled.frames import (
    Walled,
    WallLimits,
    WallOrder,
    pack,
    receive,
    unpack_from_supervisor,
)
from clace.processes.walled.supervisor import supervise

_SECONDS = 20
_BOOT = (
    "import sys; number, *sys.path[:] = sys.argv[1:];"
    " from clace.processes.walled.rehearsal import main; main(int(number))"
)
_NOTHING = ("/bin/true",)
_BOUNDS = WallLimits(memory_mb=64, cpus=0, processes=16, descriptors=64, file_mb=0, scratch_mb=1)


def rehearse(user: int) -> Mapping[str, str]:
    """Why each layer does not stand here, ``""`` if it does; blocks."""
    command = (sys.executable, "-I", "-c", _BOOT, str(user), *sys.path)
    done = subprocess.run(  # noqa: S603 - our own program
        command, env={}, capture_output=True, timeout=_SECONDS, check=False
    )
    if done.returncode:
        raise OSError(done.stderr.decode("utf-8", "replace").strip() or "the trial failed")
    found: dict[str, str] = json.loads(done.stdout)
    return found


def main(user: int) -> None:
    """Put the wall up once, and print what came of it."""
    order = WallOrder(name="trial", command=_NOTHING, environment={}, bounds=_BOUNDS, user=user)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    file = os.memfd_create("order")
    os.write(file, pack(order))
    output = os.open(os.devnull, os.O_WRONLY)
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            supervise([file, theirs.detach(), output])
        finally:
            os._exit(1)
    theirs.close()
    walls: dict[str, str] = {}
    while (packet := receive(ours)[0]) != b"":
        message = unpack_from_supervisor(packet)
        if isinstance(message, Walled):
            walls = message.walls
    os.waitpid(pid, 0)
    sys.stdout.write(json.dumps(walls))
