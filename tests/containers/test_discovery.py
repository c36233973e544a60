"""The engine of this machine, and what is told of it."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from clace.containers.discovery import engine_facts, found_engine


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

    def test_facts(self):
        """Who is told of a published port is who has one."""
        self.assertEqual([fact.problem for fact in engine_facts("/podman", is_root=True)], ["", ""])
        _, reached = engine_facts("/podman", is_root=False)
        self.assertIn("without a sign-in", reached.problem)
        (alone,) = engine_facts("", is_root=True)
        self.assertIn("run as processes", alone.problem)
