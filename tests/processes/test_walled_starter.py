"""Programs behind walls: with the real launcher, and their twins in memory."""

import sys

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import TestCase

from clace.interfaces import WalledLaunch, WallMount
from clace.model import demanded_of_processes
from clace.processes.walled.starter import WalledStarter
from tests.support.memory_walled import MemoryProgram, MemoryWalledStarter
from tests.support.walled_contract import WalledStarterContract

USER = 2_000_100_000
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
    made = WalledStarter(reactor, demanded_of_processes(all_of_them=True), **fields)
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
