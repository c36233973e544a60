"""How a server ends: what it has begun is finished, and it waits for nobody for ever."""

import signal
import socket
import subprocess

from tests.support.daemon import CLACE, ROOT
from tests.system.cases import DaemonTestCase, runs
from tests.system.slow_app import SlowApp


def takes_connections(port):
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class StopTests(DaemonTestCase):
    def assert_finishes(self, daemon, app, stop):
        """After ``stop`` nobody new is let in, and the request in flight is answered."""
        request = app.begin()
        idle = self.idle_connection(daemon)
        stop()
        self.wait_until("closed", lambda: not takes_connections(daemon.ports["http"]))
        self.assertIsNone(daemon.process.poll())
        app.let_go()
        answer = request.answer()
        self.assertEqual((answer.status, answer.body), (200, "answered"))
        self.assertEqual(idle.recv(100), b"")
        self.assertEqual(daemon.process.wait(20), 0)
        self.assertFalse((daemon.home / "run" / "clace.sock").exists())
        self.assertNotIn("Traceback", daemon.said())

    def idle_connection(self, daemon):
        """A connection that was used once and is kept; it holds nothing up."""
        idle = socket.create_connection(("127.0.0.1", daemon.ports["http"]), 20)
        self.addCleanup(idle.close)
        idle.sendall(b"GET /_clace/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertTrue(idle.recv(1000).startswith(b"HTTP/1.1 200"))
        return idle

    def test_sigterm(self):
        """SIGTERM finishes requests in flight, and the exit code is 0."""
        daemon = self.make_daemon().start()
        app = SlowApp(self, daemon)
        self.assert_finishes(daemon, app, lambda: daemon.process.send_signal(signal.SIGTERM))

    def test_sigint(self):
        """So does Ctrl-C, also for `clace server start`."""
        daemon = self.make_daemon().start(*CLACE, "server", "start")
        app = SlowApp(self, daemon)
        self.assert_finishes(daemon, app, lambda: daemon.process.send_signal(signal.SIGINT))

    def test_server_stop(self):
        """`clace server stop` is back when the server has ended, and not before."""
        daemon = self.make_daemon().start()
        app = SlowApp(self, daemon)
        commands = []

        def stop():
            command = subprocess.Popen(
                [*CLACE, "server", "stop"],
                cwd=ROOT,
                env=daemon.environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            self.addCleanup(command.wait, 30)
            self.addCleanup(command.stdout.close)
            commands.append(command)

        self.assert_finishes(daemon, app, stop)
        (command,) = commands
        self.assertEqual((command.wait(20), command.stdout.read()), (0, b""))

        gone = f"cannot reach {daemon.home}/run/clace.sock: there is no such socket"
        for order in ("stop", "status"):
            said = daemon.refused("server", order)
            self.assertTrue(said.startswith(f"error: {gone}"), said)

    def test_drain_is_bounded(self):
        """A request that does not end is cut off when the time to drain is over."""
        daemon = self.make_daemon("[restart]\ndrain_timeout_secs = 1\n").start()
        app = SlowApp(self, daemon)
        app.begin()
        self.assertEqual(daemon.stop(seconds=10), 0)
        self.wait_until("its program ended", lambda: not runs(app.pid))
        self.assertNotIn("Traceback", daemon.said())

    def test_hangs_up(self):
        """A client of 2025 asks without a query, and is told by the end of the connection."""
        daemon = self.make_daemon().start()
        with socket.socket(socket.AF_UNIX) as asked:
            asked.settimeout(20)
            asked.connect(str(daemon.home / "run" / "clace.sock"))
            asked.sendall(b"POST /_clace/stop HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            self.assertEqual(asked.recv(1000), b"")
        self.assertEqual(daemon.process.wait(20), 0)
        self.assertNotIn("Traceback", daemon.said())
