"""How a server starts, and how it says that it cannot."""

import contextlib
import http.client
import os
import re
import signal
import socket
import stat

from tests.support.daemon import CLACE, FOREGROUND, ROOT, TWISTD, Daemon
from tests.system.cases import DaemonTestCase, SharedDaemonTestCase, runs

PASSWORD_LINES = r"^Admin user    : admin\nAdmin password: (\S{16})$"


def assert_refused(test, daemon, told, *command):
    """It ends with code 1 and one line, and no traceback."""
    code, said = daemon.refusal(*command)
    test.assertEqual(code, 1, said)
    test.assertNotIn("Traceback", daemon.said())
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    test.assertEqual(len(errors), 1, said)
    test.assertIn(told, errors[0])
    test.assertNotIn("Server ready", said)


class WarningTests(DaemonTestCase):
    def test_missing_wall(self):
        """A wall that is missing is told on stderr, and stands in the log."""
        if os.geteuid():
            self.skipTest("users cannot be had by others than root, and are not missed")
        daemon = self.make_daemon("[sandbox]\nuid_count = 0\n").start()
        told = "a wall around apps is missing: own_user (sandbox.uid_count is 0)"
        self.assertIn(f"warning: {told}", daemon.stderr.read_text())
        log = daemon.home / "logs" / "clace.json"
        self.wait_until("it is in the log", lambda: log.exists() and told in log.read_text())

    def test_missing_engine(self):
        """So is a container engine that is named and not found; the server runs without."""
        config = '[system]\ncontainer_command = "/nowhere/podman"\n'
        daemon = self.make_daemon(config).start()
        told = "system.container_command names /nowhere/podman, which was not found"
        self.assertIn(f"warning: {told}", daemon.stderr.read_text())


class RunningTests(SharedDaemonTestCase):
    def test_says_where_it_listens(self):
        """The addresses are told on stderr, with the ports that were picked."""
        lines = self.daemon.stderr.read_text().splitlines()
        self.assertEqual(set(self.daemon.ports), {"http", "https"})
        for scheme, host in (("http", "127.0.0.1"), ("https", "localhost")):
            self.assertIn(
                f"Server listening on {scheme}://{host}:{self.daemon.ports[scheme]}", lines
            )
        self.assertNotIn("Admin password", self.daemon.said())

    def test_private_files(self):
        """What the server keeps in its home, nobody else can read."""
        run = self.daemon.home / "run"
        self.assertEqual(stat.S_IMODE(run.stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE((run / "clace.sock").stat().st_mode), 0o600)
        for folder in ("metadata", "config", "logs"):
            for file in (self.daemon.home / folder).rglob("*"):
                if file.is_file() and file.suffix != ".crt":
                    self.assertEqual(stat.S_IMODE(file.stat().st_mode) & 0o077, 0, file)

    def test_second_server(self):
        """Where a server runs, another one with the same home is refused and disturbs nothing."""
        home = self.daemon.home
        second = Daemon(home=home)
        second.stdout, second.stderr = home / "second.out", home / "second.err"
        assert_refused(self, second, "another server already running")
        self.assertEqual(self.daemon.must("server", "status"), "ok\n")


class StartTests(DaemonTestCase):
    def test_random_password(self):
        """Without a configured hash a password for this run is told on stdout, and is good."""
        daemon = self.make_daemon("[security]\nadmin_over_tcp = true\n", hashed=False).start()
        told = re.search(
            r"^Admin user    : admin\nAdmin password: (\S{16})$",
            daemon.stdout.read_text(),
            re.MULTILINE,
        )
        self.assertIsNotNone(told, daemon.said())
        self.assertNotIn("Admin password", daemon.stderr.read_text())
        url = f"http://127.0.0.1:{daemon.ports['http']}"
        good = ("--server-uri", url, "--admin-password", told[1])
        self.assertEqual(daemon.must("server", "status", *good), "ok\n")
        self.assertEqual(daemon.get("/_clace/apps", login=("admin", told[1])).status, 200)
        self.assertEqual(daemon.get("/_clace/apps", login=("admin", "guessed")).status, 401)

    def test_server_start(self):
        """`clace server start` is the same server in the foreground, with flags of its own."""
        daemon = self.make_daemon()
        daemon.start(*CLACE, "server", "start", "--https.port=-1")
        self.assertEqual(list(daemon.ports), ["http"])
        self.assertEqual(daemon.get("/_clace/health", login=None).status, 200)
        self.assertEqual(daemon.must("server", "status"), "ok\n")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(daemon.stdout.read_text(), "")

    def test_daemonized(self):
        """As twistd's daemon it leaves the terminal, and is found by its pid file."""
        daemon = self.make_daemon()
        pidfile, logfile = daemon.home / "twistd.pid", daemon.home / "twistd.log"
        options = (f"--pidfile={pidfile}", f"--logfile={logfile}")
        daemon.start(*TWISTD, *options, "clace", f"--config={daemon.config}", wait=False)
        self.assertEqual(daemon.process.wait(30), 0)
        self.wait_until("there is a pid file", pidfile.exists)
        pid = int(pidfile.read_text())
        self.addCleanup(lambda: runs(pid) and os.kill(pid, signal.SIGKILL))
        self.assertNotEqual(os.getsid(pid), os.getsid(0))
        self.assertEqual(daemon.must("server", "status"), "ok\n")
        daemon.ports = daemon.told_ports()
        self.assertEqual(daemon.get("/_clace/health", login=None).status, 200)
        daemon.install(ROOT / "benchmarks" / "apps" / "hello", "/hello", auth="none")
        self.assertEqual(daemon.get("/hello/", login=None).status, 200)
        daemon.must("server", "stop")
        self.assertFalse(runs(pid))
        self.assertFalse(pidfile.exists())
        self.assertIn("Server Shut Down", logfile.read_text())


class TerminalTests(DaemonTestCase):
    def test_what_apps_print(self):
        """No control character of an app or a visitor gets to a terminal or into a log file."""
        daemon = self.make_daemon("[logging]\nconsole = true\n").start()
        printing = (
            'def shout(req):\n    print("\\x1b]0;x\\x07\\u009b2J")\n    return "shouted"\n'
            'app = ace.app("Loud", routes = [\n'
            '    ace.api("/", handler = shout, type = ace.TEXT),\n])\n'
        )
        daemon.install(self.source({"app.star": printing}), "/loud", auth="none")
        self.assertEqual(daemon.get("/loud/", login=None).body, "shouted")
        for path in ("/nothing/%1b]0;y%07", "/nothing/\x7f\x9b"):
            with contextlib.suppress(http.client.HTTPException, ValueError):
                daemon.get(path, login=None)
        daemon.get("/_clace/apps", login=("e\x9bve", "guess"))
        logs = daemon.home / "logs"
        daemon.stop()
        for file in (daemon.stdout, daemon.stderr, logs / "clace.json", logs / "access.log"):
            said = file.read_bytes().decode()
            plain = said.replace("\n", "").replace("\t", "")
            self.assertTrue(plain.isprintable(), (file, said))
        self.assertIn("loud printed: \\x1b]0;x\\x07", daemon.stdout.read_text())


class RefusalTests(DaemonTestCase):
    """What stops a start is told in one line, with exit code 1 and no traceback."""

    def test_taken_port(self):
        """Who else has the port cannot be known, but that it is taken; nothing is left behind."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            daemon = self.make_daemon(f"[http]\nport = {port}\n")
            told = f"cannot listen on tcp:{port}:interface=127.0.0.1: address already in use"
            assert_refused(self, daemon, told)
            assert_refused(self, daemon, told, *CLACE, "server", "start")
        daemon.start()
        self.assertEqual(daemon.ports["http"], port)

    def test_few_descriptors(self):
        """A limit of open files that is too low is told with the number that is needed."""
        daemon = self.make_daemon()
        limited = ("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *FOREGROUND)
        assert_refused(self, daemon, "only 200 files may be open at a time (ulimit -n)", *limited)

    def test_homes_that_cannot_be_used(self):
        """What is in the way of a folder or file that the server needs is named."""
        for name in ("logs", "run", "metadata", "metadata/clace_audit.db/x"):
            daemon = self.make_daemon()
            path = daemon.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("in the way")
            assert_refused(self, daemon, str(daemon.home / name.removesuffix("/x")))

    def test_full_disk(self):
        """A database that cannot grow stops the start."""
        daemon = self.make_daemon()
        limited = ("sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *FOREGROUND)
        assert_refused(self, daemon, f"cannot open database {daemon.home}/metadata", *limited)

    def test_unknown_key(self):
        """File, key, and the key that may have been meant."""
        daemon = self.make_daemon("[https]\nport = 0\nprot = 1\n")
        told = f'{daemon.config}: [https] prot: no such key; did you mean "port"?'
        assert_refused(self, daemon, told)
        assert_refused(self, daemon, told, *CLACE, "server", "start")

    def test_admin_over_tcp(self):
        """Management over TCP is not opened by naming an endpoint for it."""
        daemon = self.make_daemon(
            '[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\nserve = "admin"\n'
        )
        assert_refused(self, daemon, "security.admin_over_tcp")

    def test_socket_open_to_all(self):
        """An admin socket that others could open is refused."""
        daemon = self.make_daemon()
        daemon.write_config(
            f'[[listen]]\nendpoint = "unix:{daemon.home}/more/admin.sock"\nserve = "admin"\n'
        )
        assert_refused(self, daemon, "an admin socket needs mode=600")

    def test_home_that_is_none(self):
        """A home that does not exist is a typing mistake, not a wish."""
        daemon = self.make_daemon()
        nowhere = f"{daemon.home}/nowhere"
        said = daemon.refused("server", "start", env={"CL_HOME": nowhere})
        self.assertIn(nowhere, said)
        self.assertEqual(len(said.splitlines()), 1)
