"""``clace server``: what twistd is told, and how long a stop is waited for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ServerUnreachable
from tests.support.administration_contract import Refusing
from tests.support.command_line import CommandLineCase

FOREGROUND = ["--nodaemon", "--pidfile=", "--logger=clace.cli.quiet.errors"]


class StartTests(CommandLineCase, SynchronousTestCase):
    def started(self, *arguments):
        result = self.run_cli(*arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return self.daemons.pop()

    def test_runs_twistd_in_the_foreground(self):
        """Without a file for the pid: two servers are told apart by their homes."""
        self.assertEqual(self.started("server", "start"), [*FOREGROUND, "clace"])

    def test_passes_its_flags_on(self):
        """Each flag of 2023 is a key of the configuration, hyphens or underscores alike."""
        started = self.started(
            *("server", "start", "--server-uri", "/tmp/x.sock", "--admin_user=boss"),
            *("-i", "127.0.0.2", "--http.port", "0", "--https.host=::1", "--https.port=-1"),
            *("-l", "debug", "-c"),
        )
        self.assertEqual(
            started[4:],
            [
                *("--set", "server_uri=/tmp/x.sock"),
                *("--set", "admin_user=boss"),
                *("--set", "http.host=127.0.0.2"),
                *("--set", "http.port=0"),
                *("--set", "https.host=::1"),
                *("--set", "https.port=-1"),
                *("--set", "logging.level=debug"),
                *("--set", "logging.console=true"),
            ],
        )

    def test_passes_a_switch_that_is_off(self):
        """A switch that is on in the file can be turned off."""
        started = self.started("server", "start", "--logging.console=false")
        self.assertEqual(started[4:], ["--set", "logging.console=false"])

    def test_logs_once(self):
        """What twistd would show is not shown twice by a server that logs on stderr."""
        self.write_config("[logging]\nconsole = true\n")
        self.assertIn("--logger=clace.cli.quiet.nothing", self.started("server", "start"))

    def test_passes_the_file_on(self):
        """The file of the global option, absolute."""
        self.write_config("")
        file = str(self.home / "clace.toml")
        for name in ("-c", "--config-file", "--config_file"):
            started = self.started(name, file, "server", "start")
            self.assertEqual(started[4:], ["--config", file])

    def test_checks_the_configuration_first(self):
        """A configuration that cannot be used is told in a line, and nothing is started."""
        self.write_config("[http]\nprot = 1\n")
        result = self.run_cli("server", "start")
        self.assertIn("prot", result.stderr)
        self.assertTrue(result.stderr.startswith("error: "), result.stderr)
        result = self.run_cli("server", "start", "--http.port", "many")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(self.daemons, [])


class StopTests(CommandLineCase, SynchronousTestCase):
    def test_waits_until_the_server_is_gone(self):
        """Nothing is printed, and when it returns the server has ended."""
        self.gone_at = 5.05
        self.prints("", "server", "stop")
        self.assertTrue(self.administration.stopped)
        self.assertAlmostEqual(self.now, 5.1)

    def test_gives_up(self):
        """A server that does not end is told after two minutes."""
        self.gone_at = 1000
        self.fails("error: timed out waiting for the server to exit\n", "server", "stop")
        self.assertAlmostEqual(self.now, 120, 0)

    def test_tells_that_there_is_none(self):
        """A server that is not there cannot be stopped."""
        self.administration = Refusing(ServerUnreachable("cannot reach /s: is it running?"))
        self.fails("error: cannot reach /s: is it running?\n", "server", "stop")


class StatusTests(CommandLineCase, SynchronousTestCase):
    def test_says_ok(self):
        """A server that answers is ok; scripts wait for the exit status."""
        self.prints("ok\n", "server", "status")
        self.prints("ok\nmemory: 1\nrequest_time: 12\n", "server", "status", "--limits")
        self.administration = Refusing(ServerUnreachable("no"))
        self.fails("error: no\n", "server", "status")
