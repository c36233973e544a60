"""What a process must not be able to do from behind the walls of an app host, by name.

Each is tried with a ``Target``; it is refused by an error, or it got out.
"""

# ruff: noqa: PTH101, PTH102, PTH104, PTH108, PTH115, PTH116, PTH123, PTH208, PTH211, SIM115
import ctypes
import mmap
import os
import resource
import signal
import socket
import threading
import time
from functools import partial

libc = ctypes.CDLL(None, use_errno=True)
FAMILIES = {
    name.removeprefix("AF_"): number
    for name, number in vars(socket).items()
    if name.startswith("AF_") and name != "AF_UNSPEC"
}


class Target:
    """What is aimed at: the daemon's process and home, and the one socket that is open."""

    def __init__(self, line, daemon, home="/nowhere"):
        self.line = line
        self.daemon = daemon
        self.home = home


def syscall(number, *args):
    """A system call by number, as machine code of an attacker would make it."""
    if libc.syscall(number, *args) == -1:
        raise OSError(ctypes.get_errno(), "")


def calls(number, *args):
    return lambda _target: syscall(number, *args)


def executable_memory(_target):
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def make_executable(_target):
    area = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    if libc.mprotect(ctypes.c_void_p(address), 4096, 7) == -1:
        raise OSError(ctypes.get_errno(), "")


def send_to(path, target):
    """The filter lets ``sendto`` pass, and it takes an address."""
    target.line.sendto(b"x", f"{target.home}/{path}")


def other_descriptors(target):
    """Read, write and close whatever else is open."""
    for number in set(range(256)) - {target.line.fileno()}:
        for work in (partial(os.read, number, 1), partial(os.write, number, b"x")):
            try:
                work()
            except OSError:
                continue
            return
    raise OSError(9, "")


FILES = {
    "read /etc/passwd": lambda t: open("/etc/passwd"),
    "read the metadata": lambda t: open(f"{t.home}/metadata/clace_metadata.db", "rb"),
    "read the configuration": lambda t: open(f"{t.home}/clace.toml"),
    "read its own maps": lambda t: open("/proc/self/maps"),
    "read its own memory as a file": lambda t: open("/proc/self/mem", "rb"),
    "read the daemon's environment": lambda t: open(f"/proc/{t.daemon}/environ"),
    "read the daemon's memory as a file": lambda t: open(f"/proc/{t.daemon}/mem", "rb"),
    "read a device": lambda t: open("/dev/mem", "rb"),
    "write a file": lambda t: open("/tmp/escaped", "w"),
    "write in the home": lambda t: open(f"{t.home}/escaped", "w"),
    "write in its root": lambda t: open("/escaped", "w"),
    "make a folder": lambda t: os.mkdir("/escaped"),
    "make a device": lambda t: os.mknod("/escaped", 0o020600, 259),
    "make a link": lambda t: os.symlink("/etc", "/escaped"),
    "rename": lambda t: os.rename("/tmp", "/escaped"),
    "list a folder": lambda t: os.listdir("/"),
    "stat": lambda t: os.stat("/etc/passwd"),
    "may it open": calls(21, b"/etc/passwd", 0),
    "change folder": lambda t: os.chdir("/tmp"),
    "read a link": lambda t: os.readlink("/proc/self/exe"),
    "remove": lambda t: os.unlink("/tmp/nothing"),
    "change rights": lambda t: os.chmod("/tmp", 0o777),
    "load a library": lambda t: ctypes.CDLL("libBrokenLocale.so.1"),
    "a file by its handle": calls(304, 0, 0, 0),
    "its other descriptors": other_descriptors,
}
SOCKETS = {
    **{
        f"a socket of family {name}": lambda t, number=number: socket.socket(
            number, socket.SOCK_DGRAM
        )
        for name, number in FAMILIES.items()
    },
    "tcp": lambda t: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
    "a raw socket": lambda t: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "socketpair": lambda t: socket.socketpair(),
    "bind its socket": lambda t: t.line.bind("/tmp/escaped"),
    "connect its socket to the admin API": lambda t: t.line.connect(f"{t.home}/run/clace.sock"),
    "send to the admin API": partial(send_to, "run/clace.sock"),
    "send to the log": lambda t: t.line.sendto(b"x", "/dev/log"),
    "accept": lambda t: syscall(43, t.line.fileno(), 0, 0),
    "send a descriptor": lambda t: socket.send_fds(t.line, [b"x"], [t.line.fileno()]),
    "receive a descriptor": lambda t: socket.recv_fds(t.line, 1, 1),
    "set an option": lambda t: t.line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20),
    "who is at the other end": lambda t: t.line.getsockopt(
        socket.SOL_SOCKET, socket.SO_PEERCRED, 12
    ),
    "control its socket": calls(16, 0, 0x5413, 0),
}
DESCRIPTORS = {
    "pipe": lambda t: os.pipe(),
    "dup": lambda t: os.dup(t.line.fileno()),
    "epoll": calls(291, 0),
    "memfd": lambda t: os.memfd_create("x"),
    "secret memory": calls(447, 0),
    "eventfd": calls(290, 0, 0),
    "signalfd": calls(289, -1, 0, 8, 0),
    "timerfd": calls(283, 0, 0),
    "inotify": calls(294, 0),
    "fanotify": calls(300, 0, 0),
    "userfaultfd": calls(323, 0),
    "io_uring": calls(425, 1, 0),
    "splice": calls(275, 0, 0, 0, 0, 0, 0),
    "sendfile": calls(40, 0, 0, 0, 0),
}
PROCESSES = {
    "fork": lambda t: os.fork(),
    "vfork": calls(58),
    "thread": lambda t: threading.Thread(target=int).start(),
    "clone3": calls(435, 0, 0),
    "exec": lambda t: os.execv("/bin/true", ["true"]),
    "exec by descriptor": calls(322, 0, b"", 0, 0, 0x1000),
    "kill the daemon": lambda t: os.kill(t.daemon, signal.SIGKILL),
    "kill its parent": lambda t: os.kill(os.getppid(), signal.SIGKILL),
    "kill everybody": lambda t: os.kill(-1, signal.SIGTERM),
    "signal a thread of the daemon": lambda t: syscall(234, t.daemon, t.daemon, signal.SIGTERM),
    "signal by tkill": lambda t: syscall(200, t.daemon, signal.SIGTERM),
    "queue a signal": lambda t: syscall(129, t.daemon, signal.SIGTERM, 0),
    "pidfd": lambda t: os.pidfd_open(t.daemon),
    "take a descriptor of another": calls(438, 0, 0, 0),
    "ptrace": lambda t: syscall(101, 16, t.daemon, 0, 0),
    "read another's memory": lambda t: syscall(310, t.daemon, 0, 0, 0, 0, 0),
    "write another's memory": lambda t: syscall(311, t.daemon, 0, 0, 0, 0, 0),
    "compare with another": lambda t: syscall(312, t.daemon, 0, 0, 0, 0),
    "limits of another": lambda t: syscall(302, t.daemon, 7, 0, 0),
    "priority of another": lambda t: os.setpriority(os.PRIO_PROCESS, t.daemon, 19),
    "its processors": lambda t: os.sched_setaffinity(0, {0}),
    "a real-time schedule": calls(144, 0, 1, 0),
    "a new session": lambda t: os.setsid(),
}
KERNEL = {
    "executable memory": executable_memory,
    "make memory executable": make_executable,
    "memory by keys": calls(329, 0, 4096, 7, 0),
    "readable is executable": calls(135, 0x0400000),
    "lock memory": calls(149, 0, 4096),
    "mount": calls(165, 0, 0, 0, 0, 0),
    "unmount": calls(166, b"/", 2),
    "open a tree": calls(428, -100, b"/", 1),
    "unshare": calls(272, 0x10000000),
    "join a namespace": calls(308, 0, 0),
    "chroot": lambda t: os.chroot("/tmp"),
    "pivot_root": calls(155, b".", b"."),
    "become another user": lambda t: os.setuid(1),
    "become root": lambda t: os.setresuid(0, 0, 0),
    "groups": lambda t: os.setgroups([0]),
    "capabilities": calls(126, 0, 0),
    "raise a limit": lambda t: resource.setrlimit(7, (100, 100)),
    "seccomp": calls(317, 0, 0, 0),
    "prctl": calls(157, 38, 0),
    "landlock": calls(446, 0, 0),
    "bpf": calls(321, 0, 0, 0),
    "keyring": calls(248, 0, 0, 0, 0, 0),
    "perf": calls(298, 0, 0, 0, 0, 0),
    "ports": calls(172, 3),
    "descriptor table": calls(154, 0, 0, 0),
    "a module": calls(175, 0, 0, 0),
    "kexec": calls(246, 0, 0, 0, 0),
    "reboot": calls(169, 0, 0, 0, 0),
    "swap": calls(167, 0, 0),
    "the kernel's log": calls(103, 3, 0, 0),
    "shared memory": calls(29, 0, 4096, 0o600),
    "a queue": calls(68, 0, 0o600),
    "a named queue": calls(240, b"x", 0o100, 0o600, 0),
    "semaphores": calls(64, 0, 1, 0o600),
    "set the clock": lambda t: time.clock_settime(time.CLOCK_REALTIME, 0),
    "adjust the clock": calls(159, 0),
    "host name": lambda t: socket.sethostname("x"),
}
PROBES = {**FILES, **SOCKETS, **DESCRIPTORS, **PROCESSES, **KERNEL}


def outcome(probe, target):
    """How it was refused; ``done`` if it was not."""
    try:
        probe(target)
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return "done"


def try_all(target):
    """How each was refused, by its name."""
    return {name: outcome(probe, target) for name, probe in PROBES.items()}


def hoard(mebibytes):
    """How much memory it could have, in mebibytes, before it was refused more."""
    hoarded = []
    try:
        while len(hoarded) < mebibytes:
            hoarded.append(bytearray(1 << 20))
    except MemoryError:
        taken = len(hoarded)
        hoarded.clear()
        return taken
    return mebibytes
