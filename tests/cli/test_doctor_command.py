"""``clace doctor`` tells which walls stand, for people and for scripts."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from clace.model.walls import PROCESS_WALLS, WALLS
from tests.support.command_line import CommandLineCase


class DoctorTests(CommandLineCase, SynchronousTestCase):
    def test_all_stand(self):
        """A line for each wall, under a header; success."""
        result = self.run_cli("doctor")
        self.assertEqual((result.exit_code, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        self.assertTrue(lines[0].startswith("Wall "))
        self.assertEqual(len(lines), 3 + len(WALLS) + len(PROCESS_WALLS))
        self.assertEqual([line for line in lines if "MISSING" in line], [])

    def test_missing(self):
        """One that not every machine has is shown with its reason, and is no failure."""
        self.walls["landlock"] = "the kernel has none"
        result = self.run_cli("doctor")
        self.assertEqual(result.exit_code, 0)
        self.assertRegex(
            result.stdout, r"landlock +app +MISSING +if required +the kernel has none\n"
        )

    def test_required(self):
        """It is one where the configuration requires all."""
        self.walls["landlock"] = "the kernel has none"
        self.write_config('[security]\nsandbox = "required"\n')
        self.assertEqual(self.run_cli("doctor").exit_code, 1)

    def test_indispensable(self):
        """One without which no app is run is a failure anywhere."""
        del self.walls["system_call_filter"]
        result = self.run_cli("doctor")
        self.assertEqual(result.exit_code, 1)
        self.assertRegex(
            result.stdout, r"system_call_filter +app +MISSING +always +it was not put up\n"
        )

    def test_programs(self):
        """Programs of apps have walls of their own; each is needed unless the wall may be weak."""
        self.program_walls["cgroup"] = "no Delegate=yes"
        result = self.run_cli("doctor")
        self.assertEqual(result.exit_code, 1)
        self.assertRegex(result.stdout, r"cgroup +program +MISSING +if strong +no Delegate=yes\n")
        self.write_config('[security]\nprocess_wall = "weak"\n')
        self.assertEqual(self.run_cli("doctor").exit_code, 0)
        del self.program_walls["own_files"]
        self.assertEqual(self.run_cli("doctor").exit_code, 1)

    def test_containers(self):
        """What is told of containers fails nothing: apps for them can run as processes."""
        self.container_facts = (("container_engine", "Podman or Docker", "neither was found"),)
        result = self.run_cli("doctor")
        self.assertEqual(result.exit_code, 0)
        self.assertRegex(
            result.stdout, r"container_engine +container +MISSING +no +neither was found\n"
        )

    def test_packages(self):
        """The size of the packages that builds keep is told."""
        result = self.run_cli("doctor")
        self.assertRegex(result.stdout, r"package_cache +build +active +no +12 MB of packages\n")

    def test_json(self):
        """The same for scripts."""
        self.walls["cgroup"] = "not here"
        found = {
            (each["around"], each["name"]): each
            for each in json.loads(self.run_cli("doctor", "-f", "json").stdout)
        }
        names = {("app", wall.name) for wall in WALLS}
        names |= {("program", wall.name) for wall in PROCESS_WALLS}
        names |= {("container", "container_engine"), ("build", "package_cache")}
        self.assertEqual(set(found), names)
        cgroup = found["app", "cgroup"]
        self.assertEqual((cgroup["active"], cgroup["reason"]), (False, "not here"))
        self.assertIs(found["program", "cgroup"]["active"], True)
        self.assertIs(found["app", "landlock"]["active"], True)
        self.assertIs(found["app", "no_capabilities"]["indispensable"], True)
