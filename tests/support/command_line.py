"""The ``clace`` command without a terminal, a server or a process."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from clace.cli.main import backups, clace, plugin_problems
from clace.cli.outside import CommandSurroundings
from clace.model.walls import PROCESS_WALLS, WALLS
from tests.support.memory_administration import MemoryAdministration


class CommandLineCase:
    """Mix into ``SynchronousTestCase``; ``administration`` is the server."""

    def setUp(self):
        super().setUp()
        self.administration = MemoryAdministration()
        self.targets = []
        self.daemons = []
        self.walls = {wall.name: "" for wall in WALLS}
        self.container_facts = (("container_engine", "run by podman", ""),)
        self.package_facts = (("package_cache", "12 MB of packages", ""),)
        self.program_walls = {wall.name: "" for wall in PROCESS_WALLS}
        self.now = 0.0
        self.gone_at = 0.0
        self.terminal = False
        self.home = Path(self.mktemp()).absolute()
        self.home.mkdir()
        self.environ = {"CL_HOME": str(self.home)}

    def ask(self, target, operation):
        self.targets.append(target)
        try:
            operation(self.administration).send(None)
        except StopIteration as done:
            return done.value
        raise AssertionError("the administration in memory does not wait")

    def pass_time(self, seconds):
        self.now += seconds

    def run_cli(self, *arguments, typed=None, env=None):
        """What the command line does, as click's ``Result``."""
        outside = CommandSurroundings(
            ask=self.ask,
            run_daemon=self.daemons.append,
            is_alive=lambda _target, _pid: self.now < self.gone_at,
            reveal=lambda _config, text: f"revealed {text}",
            walls=lambda _config: self.walls,
            program_walls=lambda _config: self.program_walls,
            containers=lambda _config: self.container_facts,
            packages=lambda _config: self.package_facts,
            plugin_problems=plugin_problems,
            backups=backups,
            environ=self.environ,
            seconds=lambda: self.now,
            sleep=self.pass_time,
            is_terminal=lambda: self.terminal,
        )
        return CliRunner(env=env).invoke(
            clace, list(arguments), input=typed, obj=outside, prog_name="clace"
        )

    def prints(self, expected, *arguments, **options):
        """The command succeeds and prints exactly this on stdout."""
        result = self.run_cli(*arguments, **options)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        self.assertEqual(result.stdout, expected)

    def fails(self, expected, *arguments, status=1, **options):
        """The command prints exactly this on stderr, nothing on stdout, and exits with the status:
        1 for what failed, 2 for a command line that cannot be meant.
        """
        result = self.run_cli(*arguments, **options)
        self.assertEqual((result.stderr, result.stdout), (expected, ""))
        self.assertEqual(result.exit_code, status)

    def write_config(self, text):
        (self.home / "clace.toml").write_text(text, "utf-8")
