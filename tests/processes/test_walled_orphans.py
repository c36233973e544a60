"""Programs end with their server, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.support.daemon import ROOT
from tests.support.processes import descendants

SERVER = """
import sys
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from tests.processes.test_walled_starter import USER, PYTHON
from tests.support.egress import RecordedEvents
from clace.egress.plans import Egress
from clace.interfaces import WalledLaunch
from clace.model import demanded_of_processes
from clace.processes.walled.starter import WalledStarter

MARK = sys.argv[1]
PROGRAM = f'''
import os, signal
MARK = "{MARK}"
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
print("runs", flush=True)
while True:
    signal.pause()
'''

async def main():
    walls = demanded_of_processes(all_of_them=True)
    starter = WalledStarter(reactor, walls, Egress(reactor, RecordedEvents()), trial_user=USER)
    launch = WalledLaunch(
        name="stays",
        command=(sys.executable, "-c", PROGRAM),
        environment={},
        mounts=PYTHON,
        user=USER,
    )
    said = b""
    program = await starter.start(launch)
    while said.count(b"runs") < 2:
        said += await program.output.read()
    print("started", flush=True)

reactor.callWhenRunning(lambda: Deferred.fromCoroutine(main()))
reactor.run()
"""
SECONDS = 1


def left(mark):
    """The processes whose command has the mark, but for the server."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in command:
                found.append(int(folder.name))
    return found


class OrphanTests(SynchronousTestCase):
    """With a server that is killed."""

    def test_killed_server(self):
        """After kill -9 of the server nothing of a program is left within a second."""
        mark = f"mark-{os.getpid()}-{time.time_ns()}"
        server = subprocess.Popen(
            (sys.executable, "-c", SERVER, mark),
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        with server:
            self.assertEqual(server.stdout.readline(), b"started\n")
            # The program and its child; their init and supervisor are forked from the launcher.
            self.assertEqual(len(left(mark)), 1 + 2)
            family = descendants(server.pid)
            self.assertGreaterEqual(len(family), 5)
            server.send_signal(signal.SIGKILL)
            server.wait()
            deadline = time.monotonic() + SECONDS
            while time.monotonic() < deadline and any(map(is_there, family)):
                time.sleep(0.02)
            self.assertEqual([pid for pid in family if is_there(pid)], [])
        self.assertEqual(left(mark), [])


def is_there(pid):
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
