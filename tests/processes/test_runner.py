"""The process that starts programs, from the daemon's end of its socket."""

import array
import os
import socket
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.processes.frames import (
    EXITED,
    KILL,
    KILLED,
    MAX_PACKET,
    REFUSED,
    START,
    STARTED,
    StartOrder,
    pack_down,
    unpack_up,
)
from clace.units import MEBIBYTE

BOOT = (
    "import sys; sys.path.append(sys.argv[2]);"
    " from clace.processes.runner import main; main(int(sys.argv[1]))"
)
ROOT = Path(__file__).parent.parent.parent


def order(script, **fields):
    return StartOrder(
        b"/bin/sh", [b"-c", script.encode()], {b"PATH": b"/usr/bin:/bin"}, b"/", **fields
    )


def in_memory(content):
    descriptor = os.memfd_create("test")
    os.pwrite(descriptor, content, 0)
    return descriptor


class RunnerTests(SynchronousTestCase):
    """Blocking: the other end is a process of its own."""

    def setUp(self):
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(30)
        self.addCleanup(self.control.close)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", BOOT, str(theirs.fileno()), str(ROOT)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={},
            )
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)

    def send(self, packet, *contents):
        """A packet with so many files in memory as its descriptors."""
        descriptors = [in_memory(content) for content in contents]
        self.send_with(packet, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)

    def send_with(self, packet, descriptors):
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        self.control.sendmsg([packet], [rights] if descriptors else [])

    def start(self, number, order):
        """Start a program; the reading end of its output."""
        reader, writer = os.pipe()
        packed, nothing = in_memory(order.pack()), os.open(os.devnull, os.O_RDWR)
        self.send_with(pack_down(START, number), [packed, nothing, writer, nothing])
        for descriptor in (writer, packed, nothing):
            os.close(descriptor)
        output = os.fdopen(reader, "rb")
        self.addCleanup(output.close)
        return output

    def told(self):
        return unpack_up(self.control.recv(MAX_PACKET))

    def pid_of(self, number):
        kind, told, pid = self.told()
        self.assertEqual((kind, told), (STARTED, number))
        return pid

    def complaint(self):
        """What it said when it gave up, which it did."""
        _, said = self.process.communicate(timeout=30)
        self.assertNotEqual(self.process.returncode, 0)
        return said.decode().splitlines()[-1]

    def test_ends(self):
        """How programs end is told with the number that the daemon gave them."""
        self.start(5, order("exit 3"))
        self.pid_of(5)
        self.assertEqual(self.told(), (EXITED, 5, 3))
        self.start(6, order("kill -TERM $$"))
        self.pid_of(6)
        self.assertEqual(self.told(), (KILLED, 6, 15))

    def test_no_zombie(self):
        """A program whose end was told is no process any more, and no descriptor is left."""
        files = Path(f"/proc/{self.process.pid}/fd")
        self.start(1, order("true"))
        pid = self.pid_of(1)
        self.told()
        self.assertFalse(Path(f"/proc/{pid}").exists())
        before = len(list(files.iterdir()))
        for number in range(2, 12):
            self.start(number, order("true"))
            self.pid_of(number)
            self.told()
        self.assertEqual(len(list(files.iterdir())), before)

    def test_hang_up(self):
        """When the daemon has gone, all programs go, with what they left in the background."""
        outputs = [self.start(number, order("sleep 1000 & sleep 1000")) for number in (1, 2)]
        for number in (1, 2):
            self.pid_of(number)
        self.control.close()
        for output in outputs:
            self.assertEqual(output.read(), b"")  # nobody holds it open any more
        self.assertEqual(self.process.wait(30), 0)

    def test_kill(self):
        """A kill reaches the whole group; one of a program that is no more reaches nobody."""
        output = self.start(1, order("sleep 1000 & sleep 1000"))
        self.start(2, order("exec sleep 1000"))
        for number in (1, 2):
            self.pid_of(number)
        self.send(pack_down(KILL, 1))
        self.assertEqual(self.told(), (KILLED, 1, 9))
        self.assertEqual(output.read(), b"")
        self.send(pack_down(KILL, 1))
        self.send(pack_down(KILL, 99))
        self.send(pack_down(KILL, 2))
        self.assertEqual(self.told(), (KILLED, 2, 9))

    def test_refused(self):
        """A program that the system refuses is told with its reason, and others still start."""
        self.start(1, StartOrder(b"/etc/passwd", [], {}, b"/"))
        self.assertEqual(self.told(), (REFUSED, 1, 13))
        self.start(2, StartOrder(b"/bin/sh", [], {}, b"/no-such-place"))
        self.assertEqual(self.told(), (REFUSED, 2, 2))
        self.start(3, order("true"))
        self.pid_of(3)

    def test_usual_limits(self):
        """A program may open as many files as usual, whatever the server allowed itself."""
        for number, script in enumerate(("ulimit -Sn", "ulimit -Hn")):
            output = self.start(number, order(script))
            self.pid_of(number)
            self.told()
            told = int(output.read())
            self.assertLessEqual(1024, told)
            if not number:
                self.assertEqual(told, 1024)

    def test_file_size(self):
        """A limit on files holds for the program that it was given for, and what that starts."""
        script = "head -c 9000 /dev/zero 2>/dev/null"
        for number, limit, size in ((1, 4096, 4096), (2, 0, 9000)):
            descriptor = in_memory(b"")
            packed = in_memory(order(script, file_bytes=limit).pack())
            self.send_with(pack_down(START, number), [packed, descriptor, descriptor, descriptor])
            self.pid_of(number)
            self.told()
            self.assertEqual(os.pread(descriptor, 10_000, 0).count(b"\0"), size)
            for one in (descriptor, packed):
                os.close(one)

    def test_memory(self):
        """So does one on memory."""
        for number, limit in ((1, "1048576"), (2, "unlimited")):
            memory = 1024 * MEBIBYTE if number == 1 else 0
            output = self.start(number, order("ulimit -Sd", memory_bytes=memory))
            self.pid_of(number)
            self.told()
            self.assertEqual(output.read().decode().strip(), limit)

    def test_bad_packet(self):
        """Bytes that are no packet end it, and its programs: it does not guess."""
        output = self.start(1, order("sleep 1000"))
        self.pid_of(1)
        self.send(b"hello")
        self.assertIn("not a packet of the daemon", self.complaint())
        self.assertEqual(output.read(), b"")

    def test_bad_order(self):
        """So does an order that is none."""
        self.send(pack_down(START, 1), b"hello", b"", b"", b"")
        self.assertIn("an order without its head", self.complaint())

    def test_bad_descriptors(self):
        """So do too few descriptors."""
        self.send(pack_down(START, 1), order("true").pack(), b"")
        self.assertIn("other descriptors than it needs", self.complaint())

    def test_lean(self):
        """It imports nothing but the standard library, and of that little."""
        script = (
            "import sys; sys.path.append(sys.argv[1]); import clace.processes.runner;"
            " print(*sys.modules)"
        )
        command = [sys.executable, "-I", "-S", "-c", script, str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        loaded = set(done.stdout.split())
        ours = {name for name in loaded if name.partition(".")[0] == "clace"}
        own = {".processes", ".processes.frames", ".processes.runner"}
        parts = {"", ".faces", ".units", *own}
        self.assertEqual(ours, {f"clace{part}" for part in parts})
        others = {name.partition(".")[0] for name in loaded - ours} - sys.stdlib_module_names
        self.assertLessEqual(others, {"__main__", "sitecustomize"})
        self.assertFalse(loaded & {"typing", "re", "json", "subprocess", "threading", "asyncio"})
