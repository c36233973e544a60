"""Run as a program: shuts itself in like an app host, tries what it must not, and tells.

Arguments: the descriptor of a socket, and the number of threads to have when the walls go up.
"""

# ruff: noqa: PTH108, PTH115, PTH116, PTH123, PTH208, SIM115
from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import socket
import sys
import threading
import time

from clace.host.walls import AFTER_THREADS, BEFORE_THREADS, Site, put_up
from clace.wire import HostBounds

libc = ctypes.CDLL(None, use_errno=True)
daemon = os.getppid()


def syscall(number, *args):
    """A system call by number, as machine code of an attacker would make it."""
    if libc.syscall(number, *args) == -1:
        raise OSError(ctypes.get_errno(), "")


def executable_memory():
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def make_executable():
    area = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    if libc.mprotect(ctypes.c_void_p(address), 4096, 7) == -1:
        raise OSError(ctypes.get_errno(), "")


def send_descriptor():
    socket.send_fds(line, [b"x"], [line.fileno()])


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


PROBES = {
    "read a file": lambda: open("/etc/passwd"),
    "read a file in a thread": lambda: in_thread(lambda: open("/etc/passwd")),
    "read its own maps": lambda: open("/proc/self/maps"),
    "write a file": lambda: open("/tmp/escaped", "w"),
    "list a folder": lambda: os.listdir("/"),
    "stat": lambda: os.stat("/etc/passwd"),
    "change folder": lambda: os.chdir("/tmp"),
    "read a link": lambda: os.readlink("/proc/self/exe"),
    "remove": lambda: os.unlink("/tmp/nothing"),
    "tcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "udp": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "socketpair": socket.socketpair,
    "pipe": os.pipe,
    "dup": lambda: os.dup(line.fileno()),
    "epoll": lambda: syscall(291, 0),
    "memfd": lambda: os.memfd_create("x"),
    "send a descriptor": send_descriptor,
    "fork": os.fork,
    "fork in a thread": lambda: in_thread(os.fork),
    "thread": lambda: threading.Thread(target=int).start(),
    "clone3": lambda: syscall(435, 0, 0),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "kill the daemon": lambda: os.kill(daemon, signal.SIGKILL),
    "kill everybody": lambda: os.kill(-1, signal.SIGTERM),
    "signal a thread of the daemon": lambda: syscall(234, daemon, daemon, signal.SIGTERM),
    "pidfd": lambda: os.pidfd_open(daemon),
    "ptrace": lambda: syscall(101, 16, daemon, 0, 0),
    "read another's memory": lambda: syscall(310, daemon, 0, 0, 0, 0, 0),
    "executable memory": executable_memory,
    "make memory executable": make_executable,
    "mount": lambda: syscall(165, 0, 0, 0, 0, 0),
    "unshare": lambda: syscall(272, 0x10000000),
    "chroot": lambda: os.chroot("/tmp"),
    "become another user": lambda: os.setuid(1),
    "raise a limit": lambda: __import__("resource").setrlimit(7, (100, 100)),
    "seccomp": lambda: syscall(317, 0, 0, 0),
    "prctl": lambda: syscall(157, 38, 0),
    "bpf": lambda: syscall(321, 0, 0, 0),
    "io_uring": lambda: syscall(425, 1, 0),
    "keyring": lambda: syscall(248, 0, 0, 0, 0, 0),
    "perf": lambda: syscall(298, 0, 0, 0, 0, 0),
    "shared memory": lambda: syscall(29, 0, 4096, 0o600),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    "host name": lambda: socket.sethostname("x"),
    "load a library": lambda: ctypes.CDLL("libBrokenLocale.so.1"),
}


def outcome(probe):
    try:
        probe()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return "done"


if __name__ == "__main__":
    descriptor, threads = int(sys.argv[1]), int(sys.argv[2])
    line = socket.socket(fileno=descriptor)
    given, taken = [], []
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    bounds = HostBounds(memory_mb=64)
    site = Site(socket=descriptor, statm=statm, parent=daemon, bounds=bounds, user=2_000_000_000)
    walls = put_up(BEFORE_THREADS, site)
    for _ in range(threads):
        threading.Thread(target=worker, daemon=True).start()
    walls |= put_up(AFTER_THREADS, site)
    tried = {name: outcome(probe) for name, probe in PROBES.items()}
    try:
        hoard = [bytes(1 << 20) for _ in range(200)]
    except MemoryError:
        tried["200 MB of memory"] = "MemoryError"
    line.sendall(json.dumps({"walls": walls, "tried": tried}).encode())
    os._exit(0)
