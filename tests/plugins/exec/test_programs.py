"""Programs, started for real."""

import os
import signal
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase

from clace.plugins.builtin.exec.programs import (
    ProgramCommand,
    ProgramLookup,
    ProgramsByOwner,
    directory,
    executable,
    started,
)
from clace.plugins.kit.definition import CallFailed
from tests.support.programs import everything, starter

PATH = "/usr/bin:/bin"


def command(*args, merge=True, program="sh", environment=None, place="/"):
    return ProgramCommand(
        executable=executable(program, PATH),
        args=args,
        environment=environment or {},
        directory=place,
        merge=merge,
    )


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def gone(pid):
    """Wait until the process is no more, or only waits for its parent to notice."""
    while True:
        try:
            if state_of(pid) == "Z":
                return
        except FileNotFoundError:
            return
        await deferLater(reactor, 0.01)


def open_descriptors():
    return len([*Path("/proc/self/fd").iterdir()])


class ProgramsTests(TestCase):
    timeout = 30

    async def setUp(self):
        # A program that ends before the reactor runs would end the test while the reactor starts,
        # and trial's next start of it would be without a handler for SIGCHLD.
        await deferLater(reactor, 0)
        self.starter = starter(self)
        self.programs = ProgramsByOwner(3, 2)
        self.addCleanup(lambda: Deferred.fromCoroutine(self.programs.stop()))

    def start(self, command, owner="app"):
        with self.programs.room(owner):
            return self.programs.hold(started(self.starter, command), owner)

    async def test_output(self):
        """Output and errors come in the order in which they were written."""
        program = self.start(command("-c", "echo a; echo b >&2; echo c"))
        self.assertEqual(await everything(program.output), b"a\nb\nc\n")
        self.assertEqual(await program.exit_text(), "")
        program.kill()

    async def test_separate_errors(self):
        """Errors can be kept apart."""
        program = self.start(command("-c", "echo a; echo b >&2", merge=False))
        self.assertEqual(await everything(program.output), b"a\n")
        self.assertEqual(await everything(program.errors), b"b\n")
        await program.exit_text()

    async def test_exit(self):
        """How a program ended is told in words, as often as asked."""
        for script, text in (
            ("exit 3", "exit status 3"),
            ("kill -9 $$", "signal: killed"),
            ("kill -SEGV $$", "signal: segmentation fault"),
        ):
            program = self.start(command("-c", script))
            self.assertEqual(await program.exit_text(), text)
            self.assertEqual(await program.exit_text(), text)
            program.kill()

    async def test_environment(self):
        """A program has the environment given and nothing of the server's."""
        program = self.start(command(program="env", environment={"A": "b"}))
        self.assertEqual(await everything(program.output), b"A=b\n")
        await program.exit_text()

    async def test_descriptors(self):
        """A program has no descriptor of the server, and an input that is at its end."""
        script = (
            "import os,sys; print(sorted(os.listdir('/proc/self/fd'))); print(sys.stdin.read())"
        )
        held = os.open("/etc/passwd", os.O_RDONLY)
        os.set_inheritable(held, True)
        program = self.start(command("-Ic", script, program=sys.executable))
        output = await everything(program.output)
        os.close(held)
        self.assertEqual(output, b"['0', '1', '2', '3']\n\n")
        await program.exit_text()

    async def test_directory(self):
        """A program runs where it is told to."""
        program = self.start(command(program="pwd", place="/usr"))
        self.assertEqual(await everything(program.output), b"/usr\n")
        await program.exit_text()

    async def test_kill_all(self):
        """Killing a program kills what it started and left in the background."""
        script = "sleep 1000 & sleep 1000 & jobs -p; wait"
        program = self.start(command("-c", script))
        children = [int(pid) for pid in (await program.output.read()).split()]
        while len(children) < 2:
            children += [int(pid) for pid in (await program.output.read()).split()]
        program.kill()
        self.assertEqual(await program.exit_text(), "signal: killed")
        for child in children:
            await gone(child)

    async def test_left_behind(self):
        """What a program leaves in the background ends with it and holds no output open."""
        program = self.start(command("-c", "sleep 1000 & echo $!"))
        child = int(await everything(program.output))
        self.assertEqual(await program.exit_text(), "")
        await gone(child)

    async def test_own_session(self):
        """A program cannot be reached through the server's terminal or group."""
        script = "import os; print(os.getsid(0) == os.getpid() == os.getpgrp())"
        program = self.start(command("-Ic", script, program=sys.executable))
        self.assertEqual(await everything(program.output), b"True\n")
        await program.exit_text()

    def script(self, text):
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    async def test_refused(self):
        """What the system refuses to start is told in words."""
        script = self.script("#!/nowhere/sh\n")
        program = self.start(command(program=script))
        text = await program.exit_text()
        self.assertEqual(text, f"cannot start {script}: no such file or directory")
        program.kill()

    async def test_signals(self):
        """A program handles signals as usual although the server ignores some."""
        script = "import signal; print(signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL)"
        before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        script += "; print(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)"
        program = self.start(command("-Ic", script, program=sys.executable))
        signal.signal(signal.SIGUSR1, before)
        self.assertTrue((await everything(program.output)).endswith(b"True\n"))
        await program.exit_text()

    async def test_at_most(self):
        """Only so many run at once, and fewer for one owner; when one ends there is room again."""
        sleeping = command("1000", program="sleep")
        first, _ = self.start(sleeping), self.start(sleeping)
        with self.assertRaisesRegex(CallFailed, "2 programs of this app"):
            self.start(sleeping)
        self.start(sleeping, "other")
        with self.assertRaisesRegex(CallFailed, "3 programs are"):
            self.start(sleeping, "third")
        first.kill()
        await first.exit_text()
        self.start(sleeping)

    async def test_stop(self):
        """Stopping ends everything and waits for it."""
        program = self.start(command("1000", program="sleep"))
        await self.programs.stop()
        self.assertEqual(await program.exit_text(), "signal: killed")

    async def test_bad_argument(self):
        """What no program can be given fails, and nothing stays open."""
        before = open_descriptors()
        with self.assertRaises(CallFailed):
            self.start(command("a\0b"))
        with self.assertRaises(CallFailed):
            self.start(command("\ud800"))
        self.assertEqual(open_descriptors(), before)

    async def test_too_long(self):
        """Arguments over the system's limit fail with its reason."""
        with self.assertRaises(CallFailed) as caught:
            self.start(command("a" * 10_000_000))
        self.assertIn("argument list too long", caught.exception.message)


class LookupTests(SynchronousTestCase):
    def test_executable(self):
        """A name is looked up in the server's path, an absolute path stands for itself."""
        self.assertIn(executable("sh", PATH), {"/usr/bin/sh", "/bin/sh"})
        self.assertEqual(executable("/bin/sh", ""), "/bin/sh")

    def test_found_again(self):
        """A program is looked up once a second, and anew when it is gone or may not be run."""
        clock, folders = Clock(), [Path(self.mktemp()).absolute() for _ in range(2)]
        first, second = (folder / "x" for folder in folders)
        for folder in folders:
            folder.mkdir()
        lookup = ProgramLookup(os.pathsep.join(map(str, folders)), clock)
        self.assertRaises(CallFailed, lookup.find, "x")
        second.write_text("")
        second.chmod(0o755)
        self.assertEqual(lookup.find("x"), str(second))
        first.write_text("")
        first.chmod(0o755)
        self.assertEqual(lookup.find("x"), str(second))
        clock.advance(1)
        self.assertEqual(lookup.find("x"), str(first))
        first.chmod(0o644)
        second.rename(second.with_name("y"))
        self.assertRaises(CallFailed, lookup.find, "x")

    def test_no_executable(self):
        """What is no program, or depends on where the server runs, is not found."""
        for name in ("", "no-such-program", "./sh", "../bin/sh", "/etc/passwd", "/etc", "s\0h"):
            with self.assertRaises(CallFailed) as caught:
                executable(name, PATH)
            self.assertEqual(caught.exception.error_code, 127)

    def test_directory(self):
        """A directory is absolute and exists."""
        self.assertEqual(directory("/usr"), "/usr")
        for path in ("", "usr", "/no-such-place", "/etc/passwd", "/us\0r", "/" + "a" * 100_000):
            with self.assertRaises(CallFailed):
                directory(path)
