"""Connections to programs in another network namespace, in which they have only a loopback."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import sys
from collections.abc import Callable
from enum import StrEnum
from threading import Thread
from typing import Any

from twisted.internet.defer import Deferred

from clace.kernel import NEW_NETWORK, libc

ENTER = "nsenter"


class WayIn(StrEnum):
    """A way to the loopback of a container: a thread that enters its network, a relay in there, or
    none, so that a port has to be published.
    """

    THREAD = "thread"
    RELAY = "relay"
    PUBLISHED = "published"


def is_docker(engine: str) -> bool:
    """Return true if the engine's containers are children of a service of the machine's, which is
    not this user's.
    """
    return not os.path.basename(engine).startswith("podman")  # noqa: PTH119 - a text, no path


def way_in(engine: str, path: str, *, is_root: bool) -> WayIn:
    """The way that there is: root may enter any namespace, and others those that are their own, as
    with Podman, but not with one thread of many.
    """
    if is_root:
        return WayIn.THREAD
    is_ours = not is_docker(engine)
    return WayIn.RELAY if is_ours and shutil.which(ENTER, path=path) else WayIn.PUBLISHED


def relay_command(pid: int, socket_path: str, port: int) -> tuple[str, ...]:
    """The arguments of ``ENTER`` for a relay to a port in the network that a process is in."""
    namespaces = (f"--target={pid}", "--user", "--net", "--preserve-credentials")
    file = os.path.join(os.path.dirname(__file__), "relay.py")  # noqa: PTH118, PTH120 - as above
    return (*namespaces, sys.executable, "-I", "-S", file, socket_path, str(port))


def connected_inside(pid: int, port: int, seconds: float) -> socket.socket:
    """A connection to a port of the loopback of the namespace that a process is in; blocks.

    The thread stays in that namespace, so it has to end after this. The socket is of the namespace
    in which it was made, wherever it is used.

    :raises OSError: if the process has ended, or nothing listens.
    """
    namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(namespace, NEW_NETWORK):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(namespace)
    return _connected(port, seconds)


def _connected(port: int, seconds: float) -> socket.socket:
    refused: OSError = ConnectionRefusedError(f"nothing listens on port {port}")
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            made = socket.socket(family, socket.SOCK_STREAM)
        except OSError:
            continue
        try:
            made.settimeout(seconds)
            made.connect((host, port))
        except OSError as error:
            made.close()
            refused = error
        else:
            return made
    raise refused


def in_thread_of_its_own(reactor: Any, work: Callable[[], Any]) -> Deferred[Any]:
    """Do work in a thread that ends after it."""
    done: Deferred[Any] = Deferred()

    def run() -> None:
        try:
            result = work()
        except OSError as error:
            reactor.callFromThread(done.errback, error)
        else:
            reactor.callFromThread(done.callback, result)

    Thread(target=run, name="container-connection", daemon=True).start()
    return done
