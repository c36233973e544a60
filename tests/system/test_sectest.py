"""The security promises, tried against a real server, as an operator tries them."""

import io
import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from tests.sectest import __main__ as program
from tests.sectest.frame import REGISTRY, Promise, Skipped, expect, run
from tests.support.daemon import PASSWORD, ROOT
from tests.system.cases import DaemonTestCase

CONFIG = """
[security]
admin_over_tcp = true

[http.limits]
header_secs = 3
body_secs = 3
stall_secs = 3
idle_secs = 3
"""


class SectestTests(DaemonTestCase):
    def sectest(self, *arguments):
        return subprocess.run(
            [sys.executable, "-m", "tests.sectest", *arguments],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "CL_ADMIN_PASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def test_every_promise_holds(self):
        """None is broken, all were tried but the destructive, and nothing was left behind."""
        daemon = self.make_daemon(CONFIG).start()
        socket = str(daemon.home / "run" / "clace.sock")
        done = self.sectest(
            *("--server", f"http://localhost:{daemon.ports['http']}"),
            *("--admin-socket", socket, "--admin-user", "admin"),
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        for line in done.stdout.splitlines()[:-1]:
            allowed = r"held |skipped .*\[(only with --destructive|this server does not .*)\]$"
            self.assertRegex(line, allowed)
        self.assertNotIn("sectest", daemon.must("app", "list", "--internal"))
        self.assertNotIn("sectest", daemon.must("secret", "list"))
        self.assertEqual(daemon.get("/_clace/apps").status, 200)

    def test_destructive(self):
        """What may do harm holds too, and leaves nobody locked out who can be let in again."""
        daemon = self.make_daemon().start()
        harmful = [one.name for one in REGISTRY.values() if one.destructive]
        done = self.sectest(
            *("--server", f"http://localhost:{daemon.ports['http']}", "--destructive"),
            *("--admin-socket", str(daemon.home / "run" / "clace.sock"), "--admin-user", "admin"),
            *(word for name in harmful for word in ("--only", name)),
        )
        self.assertIn(f"{len(harmful)} held, 0 broken, 0 skipped", done.stdout)
        self.assertNotIn("sectest", daemon.must("lockout", "list"))

    def test_over_tls(self):
        """Raw bytes and requests go over TLS too, with the server's certificate verified."""
        daemon = self.make_daemon(CONFIG).start()
        some = ("admin-browsers", "host-unknown", "wire-smuggling")
        arguments = [
            *("--server", f"https://localhost:{daemon.ports['https']}", "--admin-user", "admin"),
            *(word for name in some for word in ("--only", name)),
        ]
        done = self.sectest(*arguments, "--ca-file", str(daemon.certificate))
        self.assertIn("3 held, 0 broken, 0 skipped", done.stdout)
        self.assertEqual(self.sectest(*arguments).returncode, 2)

    def test_without_any_right(self):
        """With nothing but the URL, what needs more is skipped with the reason."""
        daemon = self.make_daemon().start()
        done = self.sectest("--server", f"http://127.0.0.1:{daemon.ports['http']}")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("needs --admin-socket", done.stdout)
        self.assertIn("0 broken", done.stdout)

    def test_no_server(self):
        """A server that cannot be reached is no promise held: one line, exit status 2."""
        done = self.sectest("--server", "http://127.0.0.1:9")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(len(done.stderr.splitlines()), 1)


class FrameTests(SynchronousTestCase):
    def run_promises(self, *trials, destructive=False):
        promises = [
            Promise(f"p{number}", "something holds", trial, destructive=harm)
            for number, (trial, harm) in enumerate(trials)
        ]
        out = io.StringIO()
        status = run(promises, None, destructive=destructive, out=out)
        return status, out.getvalue().splitlines()

    def test_needs_no_environment(self):
        """The program runs with nothing installed: an operator has a copy of it and a Python."""
        done = subprocess.run(
            [sys.executable, "-S", "-m", "sectest", "--list"],
            cwd=ROOT / "tests",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(done.stdout.splitlines()), len(REGISTRY))

    def test_tells_each(self):
        """Held, broken and skipped have a line each, with the reason; a broken one is status 1."""

        def breaks(_server):
            expect([], "one\nis \x1b[1mtwo")

        def skips(_server):
            raise Skipped("no reason")

        status, lines = self.run_promises((lambda _: None, False), (breaks, False), (skips, False))
        self.assertEqual(status, 1)
        self.assertEqual([line.split()[0] for line in lines], ["held", "broken", "skipped", "1"])
        self.assertTrue(lines[1].endswith("[one is  [1mtwo]"), lines[1])
        self.assertEqual(lines[-1], "1 held, 1 broken, 1 skipped")

    def test_a_trial_that_fails_is_broken(self):
        """A promise that could not be tried to the end was not shown to hold."""
        status, lines = self.run_promises((lambda _: 1 / 0, False))
        self.assertEqual(status, 1)
        self.assertIn("ZeroDivisionError", lines[0])

    def test_destructive_only_if_asked_for(self):
        """What may do harm is not tried unless the operator says so."""
        tried = []
        trial = (tried.append, True)
        self.assertIn("--destructive", self.run_promises(trial)[1][0])
        self.assertEqual(tried, [])
        self.assertEqual(self.run_promises(trial, destructive=True)[0], 0)
        self.assertEqual(tried, [None])

    def test_refuses_bad_arguments(self):
        """An unknown promise, a URL that is none and a missing one end with status 2."""
        self.patch(sys, "stderr", io.StringIO())
        for arguments in ([], ["--server", "localhost:1"], ["--only", "nosuch", "--list"]):
            ended = self.assertRaises(SystemExit, program.main, arguments)
            self.assertEqual(ended.code, 2)
