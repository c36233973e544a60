"""App hosts as they are: real processes, behind real walls."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from clace.runtime.hosts import ProcessHosts
from clace.runtime.limits import HostLimits
from clace.runtime.runtime import Runtime
from tests.support.apps import HELLO, DictFiles, a_request, an_app
from tests.support.plugins import MemoryAudit, MemoryGate

LIMITS = HostLimits()


class HostTests(TestCase):
    def make_runtime(self, files: dict[str, str], limits: HostLimits = LIMITS) -> Runtime:
        async def files_for(_app: object) -> DictFiles:
            return DictFiles(files)

        hosts = ProcessHosts(reactor, limits)
        runtime = Runtime(reactor, hosts, limits, MemoryGate(), MemoryAudit(), files_for)
        runtime.startService()
        self.addCleanup(runtime.stopService)
        return runtime

    async def test_answers_from_its_process(self) -> None:
        """A request is answered with the template of the app, what came in escaped."""
        runtime = self.make_runtime(HELLO)
        answer = await runtime.respond(an_app(), a_request(query={"name": ["<b>"]}))
        self.assertEqual((answer.status, answer.body), (200, b"<h1>Hello &lt;b&gt;</h1>"))
