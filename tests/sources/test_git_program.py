import os
import signal
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase, TestCase

from clace.errors import SourceError
from clace.sources.git_program import GitFailed, GitProgram, GitRun, last_words
from clace.units import MEBIBYTE
from tests.support.programs import starter

TELL = "echo $! $$ > new; mv new pids"


class GitProgramTests(TestCase):
    """Processes, with a shell in the place of git."""

    def setUp(self):
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.program = self.folder / "git"
        self.pids = self.folder / "pids"
        self.clock = Clock()
        self.starter = starter(self)

    def running(self, script, disk=1_000_000, memory=0, **fields):
        self.program.write_text(f"#!/bin/sh\n{script}\n")
        self.program.chmod(0o755)
        fields = {"arguments": (), "seconds": 60, "limit": 100, **fields}
        run = GitRun(environment={"PATH": "/usr/bin:/bin"}, folder=self.folder, **fields)
        self.git = GitProgram(self.clock, self.starter, str(self.program), disk, memory)
        return Deferred.fromCoroutine(self.git.run(run))

    async def refused(self, running, kind=SourceError):
        try:
            await running
        except kind as error:
            return error.message
        raise AssertionError("it was not refused")

    async def started(self):
        """The ids that the script wrote, once it did."""
        while not self.pids.exists():
            await deferLater(reactor, 0.01)
        return self.pids.read_text().split()

    async def ended(self, pid):
        """Return when no process of that id runs any more."""
        for _ in range(500):
            try:
                state = self.state(pid)
            except FileNotFoundError:
                return
            if state == "Z":
                return
            await deferLater(reactor, 0.01)
        raise AssertionError(f"{pid} still runs")

    @staticmethod
    def state(pid):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    async def test_gives_what_is_printed(self):
        """The arguments come after the settings, the input is read to its end."""
        printed = await self.running(
            "cat; shift $(($# - 2)); echo $@", arguments=("a", "b"), input=b"in "
        )
        self.assertEqual(printed, b"in a b\n")

    async def test_sees_only_what_it_is_given(self):
        """Nothing of the daemon's environment reaches git, nor its folder."""
        printed = await self.running("env; pwd", limit=10_000)
        names = {line.partition("=")[0] for line in printed.decode().splitlines()}
        of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"}
        self.assertLessEqual(names, {"PATH", str(self.folder)} | of_the_shell)

    async def test_runs_no_hooks_and_asks_no_helper(self):
        """The settings that keep git from running other programs are always there."""
        printed = await self.running('echo "$@"', limit=10_000)
        for setting in ("core.hooksPath=/dev/null", "credential.helper=", "core.fsmonitor=false"):
            self.assertIn(f"-c {setting}".encode(), printed)

    async def test_failures_have_the_reason(self):
        """An error is what git said last."""
        message = await self.refused(self.running("echo fatal: no way >&2; exit 128"), GitFailed)
        self.assertEqual(message, "no way")

    async def test_a_missing_program_is_a_failure(self):
        """Without git there is a refusal."""
        run = GitRun(arguments=(), environment={}, folder=self.folder, seconds=60)
        git = GitProgram(self.clock, self.starter, "/nowhere/git", 1000, 0)
        await self.refused(Deferred.fromCoroutine(git.run(run)), GitFailed)

    async def test_ends_with_all_it_started(self):
        """At the deadline git is killed, with its children, even those that keep its output."""
        running = self.running(f"sleep 1000 & {TELL}; wait")
        pids = await self.started()
        self.clock.advance(60)
        message = await self.refused(running)
        self.assertEqual(message, "git did not end within 60 seconds")
        for pid in pids:
            await self.ended(pid)

    async def test_does_not_wait_for_what_ran_away(self):
        """A process that left the group and keeps the output open does not hold us up."""
        running = self.running(f"setsid sleep 1000 & {TELL}; wait")
        (away, _) = await self.started()
        self.addCleanup(os.kill, int(away), signal.SIGKILL)
        while os.getpgid(int(away)) != int(away):
            await deferLater(reactor, 0.01)
        self.clock.advance(60)
        await self.refused(running)
        # Not gone: it sleeps, or is still on its way to.
        self.assertIn(self.state(away), {"R", "S", "D"})

    async def test_does_not_print_without_end(self):
        """Too much output ends it."""
        message = await self.refused(self.running("cat /dev/zero"))
        self.assertEqual(message, "git printed more than 100 bytes")

    async def test_does_not_write_without_end(self):
        """A file that grows too large ends it."""
        await self.refused(self.running("cat /dev/zero > big", disk=10_000), GitFailed)
        self.assertEqual((self.folder / "big").stat().st_size, 10_000)

    async def test_does_not_hold_memory_without_end(self):
        """Objects that are larger than they look end it, not the machine."""
        script = "head -c 150000000 /dev/zero | tail -c 140000000 > /dev/null"
        await self.running(script)
        message = await self.refused(self.running(script, memory=64 * MEBIBYTE), GitFailed)
        self.assertIn("memory exhausted", message)

    async def test_complaints_are_not_kept_without_end(self):
        """An endless error output is only remembered by its end."""
        script = "head -c 5000000 /dev/zero >&2; echo >&2; echo fatal: enough >&2; exit 1"
        self.assertEqual(await self.refused(self.running(script)), "enough")

    async def test_stops_at_once(self):
        """A server that stops does not wait for git, and says so to who does."""
        running = self.running("sleep 1000")
        self.git.end()
        self.assertEqual(await self.refused(running), "the server is stopping")

    async def test_is_killed_when_nobody_waits(self):
        """A caller who gives up leaves no process."""
        running = self.running(f"{TELL}; sleep 1000")
        (pid,) = await self.started()
        running.cancel()
        with self.assertRaises(CancelledError):
            await running
        await self.ended(pid)


OF_SSH = b"""No RSA host key is known for h.io
Host key verification failed.
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
"""


class LastWordsTests(SynchronousTestCase):
    """What is shown of what git complained."""

    def words(self, complaints):
        return last_words(complaints, Failure(ProcessTerminated(128)))

    def test_finds_the_reason(self):
        """The last fatal line counts; where that says nothing, the one before."""
        for complaints, words in [
            (b"warning: x\nfatal: it broke\n\nand more help\n", "it broke"),
            (b"error: one\nfatal: two\n", "two"),
            (
                b"Host key verification failed.\nfatal: Could not read from remote repository.\n",
                "Host key verification failed.",
            ),
            (
                b"fatal: Could not read from remote repository.\n",
                "Could not read from remote repository.",
            ),
            (
                b"fatal: couldn't find remote ref x\nfatal: the remote end hung up unexpectedly\n",
                "couldn't find remote ref x",
            ),
            (
                b"fatal: the remote end hung up unexpectedly\n",
                "the remote end hung up unexpectedly",
            ),
            (b"just a line\n", "just a line"),
            (OF_SSH, "No RSA host key is known for h.io"),
        ]:
            self.assertEqual(self.words(complaints), words)

    def test_says_something_at_least(self):
        """A process that said nothing is told by how it ended."""
        self.assertIn("128", self.words(b""))
        self.assertTrue(last_words(b"\n\n", Failure(ProcessDone(0))))

    def test_is_fit_to_be_shown(self):
        """Passwords, control characters and endless lines are not repeated."""
        words = self.words(b"fatal: no https://jo:secret@h.io/o for git@h.io \x1b[31m" + b"x" * 999)
        self.assertNotIn("secret", words)
        self.assertIn("https://h.io/o for git@h.io", words)
        self.assertTrue(words.isprintable())
        self.assertLessEqual(len(words), 300)
