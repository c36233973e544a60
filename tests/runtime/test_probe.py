"""Trying the walls out, with the real fork server and with programs that play it."""

import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.config.sections import Sandbox
from clace.errors import ClaceError
from clace.model.walls import INDISPENSABLE, WALLS
from clace.runtime.hosts.probe import Probe, warnings
from clace.runtime.hosts.program import HostCommand, demanded_walls, program_for

PLAYED = """
import socket
from clace.wire import MAX_FORK_SERVER_MESSAGE, HostReady, pack

def main(descriptor):
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=descriptor)
    control.recv(MAX_FORK_SERVER_MESSAGE)
    _body, descriptors, _flags, _address = socket.recv_fds(control, MAX_FORK_SERVER_MESSAGE, 1)
    with socket.socket(fileno=descriptors[0]) as line:
        line.sendall({said})
"""


class ProbeTests(SynchronousTestCase):
    def played(self, said):
        """The probe of a fork server that says this."""
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        (folder / "played.py").write_text(PLAYED.replace("{said}", said))
        sys.path.append(str(folder))
        self.addCleanup(sys.path.remove, str(folder))
        return Probe(HostCommand(module="played"))

    def lacking(self, name, mode="best_effort"):
        """The warnings of a machine without this wall."""
        walls = {wall.name: "" for wall in WALLS} | {name: "not here"}
        report = self.played(f"pack(HostReady(walls={walls!r}))").report()
        return warnings(report, demanded_walls(mode))

    def test_report(self):
        """Every wall is told of; those that have to stand do."""
        report = Probe(HostCommand()).report()
        self.assertEqual(set(report), {wall.name for wall in WALLS})
        self.assertEqual({name for name in INDISPENSABLE if report[name]}, set())

    def test_best_effort(self):
        """A wall that not every machine has is warned of."""
        self.assertEqual(
            self.lacking("landlock"),
            ("a wall around apps is missing: landlock (not here)",),
        )

    def test_required(self):
        """If all are required, one that is missing is refused in a line that names it."""
        error = self.assertRaises(ClaceError, self.lacking, "landlock", mode="required")
        self.assertEqual(
            error.message,
            "apps cannot be shut in: landlock is missing (not here),"
            ' and security.sandbox is "required"',
        )

    def test_indispensable(self):
        """Without the filter of system calls nothing starts, whatever is set."""
        error = self.assertRaises(ClaceError, self.lacking, "system_call_filter")
        self.assertEqual(
            error.message, "apps cannot be shut in: system_call_filter is missing (not here)"
        )

    def test_no_process(self):
        """A fork server that ends, or talks nonsense, is one line too."""
        for said in ("b''", "b'GET / HTTP/1.1'", "bytes(4)"):
            error = self.assertRaises(ClaceError, self.played(said).report)
            self.assertIn("no process for apps can be started", error.message)

    def test_configured(self):
        """What the configuration says reaches the fork server."""
        sandbox = Sandbox(uid_base=5, uid_count=7, total_memory_mb=9, max_hosts=1)
        prepare = program_for(sandbox, "required").prepare
        self.assertEqual((prepare.user_base, prepare.user_count), (5, 7))
        self.assertEqual((prepare.total_memory_mb, prepare.max_tasks), (9, 2002))
        self.assertEqual(len(prepare.required), len(WALLS))
