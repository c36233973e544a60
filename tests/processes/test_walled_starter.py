"""Programs behind walls: with the real launcher, and their twins in memory."""

import errno
import os
import signal
import sys
from pathlib import Path

from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import SkipTest, TestCase
from twisted.web.server import Site
from twisted.web.static import Data
from zope.interface import implementer

from clace.egress.plans import Egress
from clace.errors import WallMissing
from clace.interfaces import (
    EgressDoor,
    EgressPlan,
    IEgress,
    ProgramExit,
    WallBounds,
    WalledLaunch,
    WallMount,
)
from clace.kernel.cgroup import CGROUPS
from clace.model import demanded_of_processes
from clace.processes.walled.starter import WalledStarter, launcher_command
from tests.support.egress import RecordedEvents
from tests.support.memory_walled import MemoryProgram, MemoryWalledStarter
from tests.support.process_kit import OpenEgress
from tests.support.programs import everything
from tests.support.walled_contract import WalledStarterContract

# The kernel counts a user's processes over the whole machine: tests beside these have another.
USER = 2_000_120_000 + os.getpid() % 10_000
ANSWERING = """
import socket
print("listening", flush=True)
while True:
    taken, _ = served.accept()
    taken.recv(100)
    taken.sendall(b"here")
    taken.close()
"""
PORT = 8501
SCRIPTS = {
    "says": "import sys; print('hello'); sys.exit(3)",
    "complains": (
        "import sys; print('hello', flush=True); print('sorry', file=sys.stderr); sys.exit(3)"
    ),
    "answers": "import socket; served = socket.socket(fileno=3)" + ANSWERING,
    "answers_at_port": f"import socket; served = socket.create_server(('', {PORT}))" + ANSWERING,
    "sleeps": "import signal; signal.pause()",
    "stubborn": "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('ready', flush=True)\nwhile True: signal.pause()",
}
PYTHON = tuple(
    WallMount(source=path, target=path) for path in {sys.prefix, sys.base_prefix} - {"/usr"}
)


def launch(program, **fields):
    command = (
        (sys.executable, "-c", SCRIPTS[program]) if program in SCRIPTS else ("/no/such/program",)
    )
    fields = {
        "name": "sales",
        "command": command,
        "environment": {},
        "mounts": PYTHON,
        "user": USER,
        "listens": program == "answers",
        "port": PORT,
        **fields,
    }
    return WalledLaunch(**fields)


def starter(case, **fields):
    """A starter that needs every wall."""
    egress = Egress(reactor, RecordedEvents())
    walls = demanded_of_processes(all_of_them=True)
    made = WalledStarter(reactor, walls, egress, trial_user=USER, **fields)
    case.addCleanup(made.stopService)
    return made


class WalledStarterTests(WalledStarterContract, TestCase):
    """With a real launcher."""

    timeout = 60

    async def setUp(self):
        await deferLater(reactor, 0)
        self.starter = starter(self)

    def launch(self, program, **fields):
        return launch(program, **fields)

    def settle(self):
        pass

    def pass_time(self, seconds):
        pass


ORPHANS = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(0.1)
    os._exit(0)
os.wait()
limit = time.monotonic() + 10
found = None
while found != ["1", str(os.getpid())] and time.monotonic() < limit:
    time.sleep(0.05)
    found = sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int)
print(found == ["1", str(os.getpid())], os.getpid() != 1)
"""


class InitTests(TestCase):
    """The first process behind the wall."""

    timeout = 60

    async def test_reaps(self):
        """Processes that nobody waits for do not stay."""
        await deferLater(reactor, 0)
        program = await starter(self).start(launch("says", command=(sys.executable, "-c", ORPHANS)))
        self.assertEqual(await everything(program.output), b"True True\n")

    async def test_environment(self):
        """A program has a few variables, those it was given, and no descriptor but its own."""
        await deferLater(reactor, 0)
        script = "import os; print(sorted(os.environ), sorted(os.listdir('/proc/self/fd')))"
        program = await starter(self).start(
            launch("says", command=(sys.executable, "-c", script), environment={"OWN": "x"})
        )
        # 3 is that of the list.
        self.assertEqual(
            await everything(program.output),
            b"['HOME', 'LANG', 'OWN', 'PATH', 'TMPDIR'] ['0', '1', '2', '3']\n",
        )


class Here(Protocol):
    def dataReceived(self, data):
        self.transport.write(b"here")


class MemoryWalledStarterTests(WalledStarterContract, TestCase):
    """The twin in memory."""

    def setUp(self):
        self.clock = Clock()
        serving = MemoryProgram(says=b"listening\n", serves=lambda: Factory.forProtocol(Here))
        self.starter = MemoryWalledStarter(
            self.clock,
            {
                "says": MemoryProgram(says=b"hello\n", status=3),
                "complains": MemoryProgram(says=b"hello\n", complains=b"sorry\n", status=3),
                "answers": serving,
                "answers_at_port": serving,
                "sleeps": MemoryProgram(),
                "stubborn": MemoryProgram(says=b"ready\n", is_stubborn=True),
            },
        )

    def launch(self, program, **fields):
        command = ("/no/such/program" if program == "nothing" else program,)
        return WalledLaunch(name="sales", command=command, environment={}, **fields)

    def settle(self):
        for program in self.starter.started:
            for pump in program.pumps:
                pump.flush()

    def pass_time(self, seconds):
        self.clock.advance(seconds)


ASKING = """
import os, socket, sys, urllib.error, urllib.request
port, other = sys.argv[1:]
print(urllib.request.urlopen("http://127.0.0.1:" + port, timeout=10).read().decode())
def tell(what, work):
    try: print(what, work())
    except urllib.error.HTTPError as error: print(what, error.code, error.read().decode().strip())
    except OSError as error: print(what, type(error).__name__, error.errno)
proxy = {"http": os.environ["HTTP_PROXY"]}
opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxy))
os.environ.pop("no_proxy"), os.environ.pop("NO_PROXY")
tell("proxied", lambda: opener.open("http://127.0.0.1:" + port, timeout=10).read().decode())
tell("other port", lambda: opener.open("http://127.0.0.1:" + other, timeout=10).read())
tell("metadata", lambda: opener.open("http://169.254.169.254/", timeout=10).read())
tell("direct", lambda: socket.create_connection(("127.0.0.1", int(other)), 5))
tell("far", lambda: socket.create_connection(("192.0.2.1", 80), 5))
tell("name", lambda: socket.getaddrinfo("example.com", 80))
"""


class NetworkTests(TestCase):
    """The network of a real program: what was approved, and nothing else."""

    timeout = 60

    async def test_network(self):
        """An approved address is reached, by itself and through the proxy; nothing else is."""
        await deferLater(reactor, 0)
        page = Data(b"found", "text/plain")
        page.isLeaf = True
        ports = [reactor.listenTCP(0, Site(page), interface="127.0.0.1") for _ in range(2)]
        for port in ports:
            self.addCleanup(port.stopListening)
        numbers = [str(port.getHost().port) for port in ports]
        command = (sys.executable, "-c", ASKING, *numbers)
        network = (f"127.0.0.1:{numbers[0]}",)
        program = await starter(self).start(launch("says", command=command, network=network))
        said = (await everything(program.output)).decode()
        self.assertEqual(
            said.splitlines(),
            [
                "found",
                "proxied found",
                f"other port 403 127.0.0.1:{numbers[1]} was not approved for this app",
                "metadata 403 169.254.169.254:80 was not approved for this app",
                f"direct ConnectionRefusedError {errno.ECONNREFUSED}",
                f"far OSError {errno.ENETUNREACH}",
                "name gaierror -2",
            ],
        )
        self.assertEqual(await program.ended, ProgramExit())


NAMED = """
import socket, sys
for host in ("db.test", "10.9.9.9"):
    with socket.create_connection((host, int(sys.argv[1])), 10) as one:
        one.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        print(host, one.getpeername()[0], one.makefile("rb").read().splitlines()[-1].decode())
"""


class ForwardTests(TestCase):
    """Forwards of a real program, with a server at this machine for every target."""

    timeout = 60

    async def test_forwards(self):
        """A name has an address of the loopback, and an address is found at itself."""
        await deferLater(reactor, 0)
        page = Data(b"found", "text/plain")
        page.isLeaf = True
        port = reactor.listenTCP(0, Site(page), interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        number = port.getHost().port
        walls = demanded_of_processes(all_of_them=True)
        opened = OpenEgress(reactor, RecordedEvents())
        made = WalledStarter(reactor, walls, opened, trial_user=USER)
        self.addCleanup(made.stopService)
        command = (sys.executable, "-c", NAMED, str(number))
        network = (f"db.test:{number}", f"10.9.9.9:{number}")
        program = await made.start(launch("says", command=command, network=network))
        said = (await everything(program.output)).decode()
        self.assertEqual(said, "db.test 127.0.0.2 found\n10.9.9.9 10.9.9.9 found\n")


class WeakTests(TestCase):
    """Programs where a layer cannot be had."""

    timeout = 60

    async def started(self, required):
        await deferLater(reactor, 0)
        command = launcher_command("tests.support.part_walls")
        command = replace(command, environment={"WITHOUT": "landlock"})
        egress = Egress(reactor, RecordedEvents())
        made = WalledStarter(reactor, required, egress, trial_user=USER, command=command)
        self.addCleanup(made.stopService)
        return await made.start(launch("says"))

    async def test_strong(self):
        """A program that has to have the layer is not started, and the error says what to set."""
        waited = Deferred.fromCoroutine(self.started(demanded_of_processes(all_of_them=True)))
        error = await self.assertFailure(waited, WallMissing)
        self.assertIn("the wall landlock does not stand", str(error))
        self.assertIn('security.process_wall = "weak"', str(error))

    async def test_weak(self):
        """Where the operator settles for less it is."""
        program = await self.started(demanded_of_processes(all_of_them=False))
        self.assertEqual(await program.ended, ProgramExit(status=3))


@implementer(IEgress)
class TwoDoors:
    """Opens the same door twice, which no program can have."""

    def __init__(self, door):
        self._door = door

    def plan(self, app, network, own_port=0):
        return EgressPlan(doors=(self._door, self._door))


class RefusalTests(TestCase):
    """Programs that are not started, and what their operator is told."""

    timeout = 60

    async def test_no_user(self):
        """As root a program without a user of its own is not started."""
        if os.geteuid():
            raise SkipTest("a plain user's programs have a namespace of users")
        await deferLater(reactor, 0)
        waited = Deferred.fromCoroutine(starter(self).start(launch("says", user=0)))
        error = await self.assertFailure(waited, WallMissing)
        self.assertIn("own_user does not stand: the app was given no user", str(error))
        self.assertIn("clace doctor", str(error))

    async def test_nothing_to_show(self):
        """A place that the program was to see, and that is not there, is named."""
        await deferLater(reactor, 0)
        lost = WallMount(source="/nowhere/wheels", target="/nowhere/wheels")
        waited = Deferred.fromCoroutine(starter(self).start(launch("says", mounts=(lost,))))
        error = await self.assertFailure(waited, WallMissing)
        self.assertIn("/nowhere/wheels: No such file or directory", str(error))

    async def test_bad_words(self):
        """A command that no program can be given is refused here."""
        await deferLater(reactor, 0)
        made = starter(self)
        for fields in ({"command": ()}, {"command": ("a\0b",)}, {"environment": {"A": "\0"}}):
            waited = Deferred.fromCoroutine(made.start(launch("says", **fields)))
            await self.assertFailure(waited, ValueError)

    async def test_stopped(self):
        """After the server has stopped nothing is started."""
        stopped = starter(self)
        await stopped.stopService()
        waited = Deferred.fromCoroutine(stopped.start(launch("says")))
        await self.assertFailure(waited, OSError)

    async def test_launcher_dies(self):
        """A launcher that dies takes its programs with it; the next program has another."""
        await deferLater(reactor, 0)
        dying = starter(self)
        program = await dying.start(launch("sleeps"))
        parent = parent_of(program.pid)
        os.kill(parent, signal.SIGKILL)
        ended = await program.ended
        self.assertEqual(ended.failure, "its supervisor ended")
        while dying._line is not None:
            await deferLater(reactor, 0.01)
        self.assertEqual(await (await dying.start(launch("says"))).ended, ProgramExit(status=3))
        self.flushLoggedErrors()

    async def test_launcher_hangs(self):
        """A launcher that does not answer is ended, with all its programs; the next is another."""
        await deferLater(reactor, 0)
        hanging = starter(self, look_seconds=2)
        program = await hanging.start(launch("sleeps"))
        os.kill(parent_of(program.pid), signal.SIGSTOP)
        unheard = await hanging.start(launch("says"))
        self.assertEqual(
            (await unheard.ended).failure,
            "the process that starts programs did not answer and was ended",
        )
        self.assertEqual((await program.ended).failure, "its supervisor ended")
        self.assertEqual(await (await hanging.start(launch("says"))).ended, ProgramExit(status=3))

    async def test_no_room(self):
        """A program whose init cannot start it ends with the system's reason."""
        await deferLater(reactor, 0)
        program = await starter(self).start(launch("says", bounds=WallBounds(processes=0)))
        failure = "its init failed: Resource temporarily unavailable"
        self.assertEqual(await program.ended, ProgramExit(failure=failure))

    async def test_supervisor_fails(self):
        """The log has the reason of a supervisor that fails."""
        await deferLater(reactor, 0)
        door = EgressDoor("127.0.0.2", PORT, Factory())
        made = WalledStarter(reactor, (), TwoDoors(door), trial_user=USER)
        self.addCleanup(made.stopService)
        with capturedLogs() as logged:
            program = await made.start(launch("says"))
            self.assertEqual((await program.ended).failure, "its supervisor ended")
            await made.stopService()
        said = "".join(event["text"] for event in logged if "text" in event)
        self.assertIn("Address already in use", said)

    async def test_forgets_groups(self):
        """A program that has ended leaves no control group behind."""
        await deferLater(reactor, 0)
        program = await starter(self).start(launch("says"))
        await program.ended
        groups = list(CGROUPS.rglob(f"clace-app-{program.pid}"))
        self.assertEqual(groups, [])


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
