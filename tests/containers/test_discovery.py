"""The engine of this machine, and what is told of it."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.containers.discovery import engine_facts, found_engine, missing_engine
from clace.containers.namespaces import WayIn, way_in


class DiscoveryTests(SynchronousTestCase):
    def folder(self, *programs):
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        for name in programs:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        return str(folder)

    def test_found(self):
        """Podman comes before Docker, unless one is named; nothing is found where nothing is."""
        both = self.folder("podman", "docker")
        self.assertEqual(found_engine("auto", both), f"{both}/podman")
        self.assertEqual(found_engine("docker", both), f"{both}/docker")
        self.assertEqual(found_engine(f"{both}/docker", ""), f"{both}/docker")
        docker = self.folder("docker")
        self.assertEqual(found_engine("auto", docker), f"{docker}/docker")
        self.assertEqual(found_engine("", both), "")
        self.assertEqual(found_engine("podman", docker), "")
        self.assertEqual(found_engine("auto", self.folder()), "")

    def test_missing(self):
        """An engine that is named and not found is warned of, and no other."""
        told = "system.container_command names podmn, which was not found: apps for containers"
        self.assertIn(told, missing_engine("podmn", "/nowhere")[0])
        for command in ("auto", ""):
            self.assertEqual(missing_engine(command, "/nowhere"), ())
        self.assertEqual(missing_engine("env", "/usr/bin:/bin"), ())

    def test_ways_in(self):
        """Root enters any network; others that of their own Podman, if they have the program."""
        both = self.folder("podman", "docker", "nsenter")
        self.assertEqual(way_in("/docker", both, is_root=True), WayIn.THREAD)
        self.assertEqual(way_in("/x/podman", both, is_root=False), WayIn.RELAY)
        self.assertEqual(way_in("/x/podman", self.folder(), is_root=False), WayIn.PUBLISHED)
        self.assertEqual(way_in("/x/docker", both, is_root=False), WayIn.PUBLISHED)

    def test_facts(self):
        """Who is told of a published port is who has one."""
        for way in (WayIn.THREAD, WayIn.RELAY):
            self.assertEqual([fact.problem for fact in engine_facts("/podman", way)], ["", ""])
        _, reached = engine_facts("/docker", WayIn.PUBLISHED)
        self.assertIn("without a sign-in", reached.problem)
        (alone,) = engine_facts("", WayIn.THREAD)
        self.assertIn("run as processes", alone.problem)
        (named,) = engine_facts("", WayIn.THREAD, "podmn")
        self.assertIn("system.container_command names podmn, which was not found", named.problem)
        (unwanted,) = engine_facts("", WayIn.THREAD, "")
        self.assertIn("system.container_command is empty", unwanted.problem)
