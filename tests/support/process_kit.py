"""The escape kit for programs: a machine with something to find, and who looks for it."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.web.server import Site
from twisted.web.static import Data

from clace.control_line import ProcessCommand
from clace.egress.plans import Egress
from clace.interfaces import WallBounds, WalledLaunch, WallMount
from clace.model import PROCESS_WALLS
from clace.processes.walled.starter import WalledStarter, launcher_command
from tests.support import process_attempts
from tests.support.egress import RecordedEvents

PYTHON = "/usr/bin/python3"
MEMORY_MB = 256
# The kernel counts a user's processes over the whole machine: tests beside these have another.
USER = 2_000_110_000 + os.getpid() % 10_000
LAYERS = tuple(wall.name for wall in PROCESS_WALLS)
_IPC_CREATE, _IPC_REMOVE = 0o1000 | 0o2000 | 0o666, 0
libc = ctypes.CDLL(None, use_errno=True)


class OpenEgress(Egress):
    """One that refuses nothing: whatever is asked for is at this machine."""

    async def _addresses(self, approved, target):
        return ("127.0.0.1",)


class Neighbour(DatagramProtocol):
    """Answers packets, and connects to ports that it is asked to."""

    def datagramReceived(self, data, address):
        answer = b"pong"
        if data.startswith(b"connect "):
            try:
                socket.create_connection(("127.0.0.1", int(data.split()[1])), 1).close()
                answer = b"yes"
            except OSError:
                answer = b"no"
        self.transport.write(answer, address)


class Asker(Protocol):
    """One request over a connection to the program, and the whole answer."""

    def __init__(self):
        self.answer = Deferred()
        self._found = b""

    def connectionMade(self):
        self.transport.write(b"GET /attempts HTTP/1.0\r\n\r\n")

    def dataReceived(self, data):
        self._found += data

    def connectionLost(self, reason):
        self.answer.callback(self._found.partition(b"\r\n\r\n")[2])


class Machine:
    """What is there to find for a program that gets out; ``user`` is that of another's process."""

    def __init__(self, case, user=USER):
        self._case = case
        self._user = user
        self.folder = Path(tempfile.mkdtemp(prefix="clace-kit-"))
        case.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        self.source = self.folder / "source"
        self.source.mkdir()
        self.source.chmod(0o755)
        self.program = self.source / "app.py"
        self.program.write_bytes(Path(process_attempts.__file__).read_bytes())
        self.targets = {
            **self._files(),
            **self._servers(),
            **self._queues(),
            **self._processes(),
            "memory": MEMORY_MB + 64,
            "host": socket.gethostname(),
            "groups": Path("/proc/self/cgroup").read_text(),
        }

    def _files(self):
        found = {}
        for name in ("file", "database", "config", "other_data", "other_source", "backup", "key"):
            file = self.folder / name / name
            file.parent.mkdir()
            file.parent.chmod(0o777)
            file.write_text("secret")
            file.chmod(0o666)
            found[name] = str(file)
        only = self.source / "root_only"
        only.write_text("secret")
        only.chmod(0 if os.geteuid() else 0o600)  # a plain user's program is the user's own
        open_folder = self.folder / "tmp"
        open_folder.mkdir()
        open_folder.chmod(0o1777)
        return found | {"root_only": str(only), "tmp": str(open_folder)}

    def _servers(self):
        page = Data(b"found", "text/plain")
        page.isLeaf = True
        ports = [self._listening(reactor.listenTCP, Site(page)) for _ in range(3)]
        udp = self._listening(reactor.listenUDP, Neighbour())
        resolver = reactor.listenUDP(udp, Neighbour(), interface="127.0.0.53")
        self._case.addCleanup(resolver.stopListening)
        admin = str(self.folder / "admin.sock")
        abstract = f"clace-kit-{os.getpid()}-{id(self)}"
        for address in (admin, f"\0{abstract}"):
            listening = reactor.listenUNIX(address, Factory.forProtocol(Protocol), mode=0o666)
            self._case.addCleanup(listening.stopListening)
        names = ("port", "open", "other")
        return dict(zip(names, ports, strict=True)) | {
            "udp": udp,
            "admin": admin,
            "abstract": abstract,
        }

    def _listening(self, listen, what):
        port = listen(0, what, interface="127.0.0.1")
        self._case.addCleanup(port.stopListening)
        return port.getHost().port

    def _queues(self):
        key = 0x0C1ACE00 + os.getpid() % 0xFF
        shared = libc.shmget(key, 4096, _IPC_CREATE)
        self._case.addCleanup(libc.shmctl, shared, _IPC_REMOVE, None)
        queue = libc.msgget(key, _IPC_CREATE)
        self._case.addCleanup(libc.msgctl, queue, _IPC_REMOVE, None)
        semaphores = libc.semget(key, 1, _IPC_CREATE)
        self._case.addCleanup(libc.semctl, semaphores, 0, _IPC_REMOVE)
        return {"shm": key, "queue": key, "semaphores": key}

    def _processes(self):
        who = {} if os.geteuid() else {"user": self._user, "group": self._user, "extra_groups": []}
        victim = subprocess.Popen(("/bin/sleep", "600"), env={"SECRET": "x"}, cwd="/", **who)
        self._case.addCleanup(victim.wait)
        self._case.addCleanup(victim.kill)
        cmdline = Path("/proc/self/cmdline").read_text()
        return {"server": os.getpid(), "victim": victim.pid, "cmdline": cmdline}

    def launch(self, **fields):
        """The program that looks for all this."""
        port = self.targets["port"]
        network = (
            f"127.0.0.1:{self.targets['open']}",
            f"rebound.test:{port}",
            f"metadata.test:{port}",
        )
        fields = {"network": network, **fields}
        return WalledLaunch(
            name="kit",
            command=(PYTHON, str(self.program), json.dumps(self.targets)),
            environment={},
            mounts=(WallMount(source=str(self.source), target=str(self.source)),),
            user=USER,
            bounds=WallBounds(memory_mb=MEMORY_MB),
            listens=True,
            **fields,
        )


async def resolve(host):
    return {"rebound.test": ("127.0.0.1",), "metadata.test": ("169.254.169.254",)}.get(host, ())


def targets_of(daemon, other):
    """What there is to find beside a server: its files, sockets and processes, and another app."""
    server = daemon.process.pid
    paths = {
        "file": daemon.stderr,
        "database": daemon.home / "metadata" / "clace_metadata.db",
        "config": daemon.config,
        "other_data": other / "app.star",
        "other_source": other / "app.star",
        "backup": daemon.home / "metadata" / "clace_audit.db",
        "key": daemon.certificate,
        "admin": daemon.home / "run" / "clace.sock",
        "tmp": daemon.home,
        "root_only": daemon.config,
    }
    missing = [path for path in paths.values() if not path.exists()]
    assert not missing, missing
    ports = dict.fromkeys(("port", "open", "other", "udp"), daemon.ports["http"])
    keys = dict.fromkeys(("shm", "queue", "semaphores"), 1)
    return {name: str(path) for name, path in paths.items()} | {
        **ports,
        **keys,
        "memory": 1024,
        "abstract": "nothing",
        "server": server,
        "victim": server,
        "cmdline": Path(f"/proc/{server}/cmdline").read_text(),
        "host": socket.gethostname(),
        "groups": Path("/proc/self/cgroup").read_text(),
    }


async def outcomes(case, machine, *without, egress=Egress, **fields):
    """Outcomes of all attempts, without these layers; ``""`` for those that worked."""
    command = launcher_command("tests.support.part_walls")
    command = replace(command, environment={"WITHOUT": ",".join(without)})
    assert isinstance(command, ProcessCommand)
    required = tuple(name for name in LAYERS if name not in without)
    if "no_new_privileges" in without:  # those that stand on it
        required = tuple({*required} - {"landlock", "system_call_filter"})
    way_out = egress(reactor, RecordedEvents(), resolve)
    starter = WalledStarter(reactor, required, way_out, trial_user=USER, command=command)
    case.addCleanup(starter.stopService)
    program = await starter.start(machine.launch(**fields))
    started = await program.output.read()
    if started != b"ready\n":
        raise AssertionError(f"{started} {await program.ended}")
    asker = await program.connect(Factory.forProtocol(Asker), 5)
    found = json.loads(await asker.answer)
    # Without a namespace of processes the program would outlive its init.
    program.stop()
    await program.ended
    return found


def worked(found):
    return {name for name, why in found.items() if not why}
