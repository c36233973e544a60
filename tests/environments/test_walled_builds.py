"""Builds behind the real wall."""

import os

from twisted.internet import reactor
from twisted.trial.unittest import SkipTest

from clace.egress.plans import Egress
from clace.environments.building import Environments
from clace.environments.installing import Installer
from clace.environments.programs import StepRunner, WalledBuildStarter
from clace.errors import AppBroken
from clace.processes.walled.starter import WalledStarter
from tests.environments.support import FLASK, EnvironmentCase, make_sdist
from tests.environments.test_building import imported, is_compiled
from tests.support.egress import RecordedEvents

BUILDER = 2_000_000_003
SINGLE = {"sales.py": FLASK}


class WalledBuildTests(EnvironmentCase):
    def environments(self, **options):
        egress = Egress(reactor, RecordedEvents())
        self.walled = WalledStarter(reactor, (), egress, trial_user=BUILDER)
        self.walled.startService()
        self.addCleanup(self.walled.stopService)
        missing = {name: why for name, why in self.walled.try_out().items() if why}
        if "files" in missing:
            raise SkipTest(str(missing))
        runner = StepRunner(reactor, WalledBuildStarter(self.walled, BUILDER))
        installer = Installer(self.store, self.options, runner, reactor, self.threads.run)
        return Environments(self.store, installer, self.threads.run)

    async def test_built(self):
        """An environment that was built behind the wall works outside, and is the server's."""
        built = await self.build(SINGLE)
        self.assertEqual(imported(built, "flask"), "1.0")
        await self.threads.run(self.check_owners)
        self.assertNotIn("Some files are not compiled", self.told)
        self.assertTrue(is_compiled(built, "flask"))

    def check_owners(self):
        for path in self.store.built.rglob("*"):
            self.assertEqual(path.lstat().st_uid, os.geteuid(), path)

    async def test_sources_see_nothing_else(self):
        """Code of a package that is built cannot read or write what the server has elsewhere."""
        secret = self.top / "secret"
        secret.write_text("sesame")
        steals = f"\nopen({str(secret)!r}).read()\n"
        make_sdist(self.links, "thief", extra=steals)
        contents = {**SINGLE, "requirements.txt": b"flask\nthief\n"}
        refusal = await self.refused(contents, AppBroken, builds=True)
        self.assertIn("No such file or directory", refusal)
        self.assertNotIn("sesame", refusal)
