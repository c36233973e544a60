"""App hosts as they are: real processes, behind real walls."""

import os
import signal
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from clace.errors import AppBroken, AppBusy, AppCrashed, AppFailed, AppTimedOut
from clace.runtime.hosts.supply import ProcessHosts
from clace.runtime.limits import HostLimits, limits_for_all
from clace.runtime.runtime import Runtime
from tests.support.apps import a_request, an_app
from tests.support.runtime_contract import Houses, RuntimeContract


class ProcessRuntimeTests(RuntimeContract, TestCase):
    def make_runtime(self, limits, gate, audit_log, files_for):
        self.hosts = ProcessHosts(reactor)
        return Runtime(reactor, self.hosts, limits, gate, audit_log, files_for)


MEMORY = """
def eat(req):
    return len([0] * 1000000000)

def grow(req):
    text = "x"
    for _ in range(60):
        text = text + text
    return len(text)

def nest(req):
    value = []
    for _ in range(100000):
        value = [value]
    return str(value)

def deep(n):
    return deep(n + 1)

app = ace.app("Eats", routes = [
    ace.api("/eat", handler = eat), ace.api("/grow", handler = grow),
    ace.api("/nest", handler = nest), ace.api("/deep", handler = lambda req: deep(0)),
    ace.api("/good"),
])
"""
HUNGRY = """
def grown(text):
    return text if len(text) > 1 << 40 else grown(text + text)

x = grown("x")
"""
STUCK = """
def stuck(req):
    for n in range(1 << 40):
        pass

app = ace.app("Stuck", routes = [ace.api("/stuck", handler = stuck), ace.api("/good")])
"""


def lives(pid):
    return Path(f"/proc/{pid}").exists()


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().split()[3])


class LimitTests(Houses, TestCase):
    """Apps that break their limits take nobody with them."""

    make_runtime = ProcessRuntimeTests.make_runtime

    async def assert_goes_on(self, runtime):
        """The app answers again, from a new process."""
        answer = await runtime.respond(an_app(), a_request("/good"))
        self.assertEqual(answer.status, 200)

    async def test_memory(self):
        """An app that wants more memory than it may have is told so."""
        self.limits = limits_for_all(HostLimits(memory_mb=150))
        runtime = self.house({"app.star": MEMORY})
        error = await self.refusal(runtime.respond(an_app(), a_request("/grow")), AppCrashed)
        self.assertIn("memory", error.message)
        await self.assert_goes_on(runtime)

    async def test_repeat(self):
        """A list that would be too long is an error of the handler."""
        runtime = self.house({"app.star": MEMORY})
        error = await self.refusal(runtime.respond(an_app(), a_request("/eat")), AppFailed)
        self.assertEqual(error.message, "excessive repeat (1 * 1000000000 elements)")

    async def test_stack(self):
        """A value nested too deeply to be shown is an error of the handler."""
        runtime = self.house({"app.star": MEMORY})
        error = await self.refusal(runtime.respond(an_app(), a_request("/nest")), AppFailed)
        self.assertEqual(error.message, "Starlark stack overflow")

    async def test_recursion(self):
        """Endless recursion is an error of the handler."""
        runtime = self.house({"app.star": MEMORY})
        error = await self.refusal(runtime.respond(an_app(), a_request("/deep")), AppFailed)
        self.assertEqual(error.message, "Starlark stack overflow")

    async def test_deadline(self):
        """A handler that computes for ever ends at its deadline."""
        runtime = self.house({"app.star": STUCK})
        await self.refusal(runtime.respond(an_app(), a_request("/stuck")), AppTimedOut)
        await self.assert_goes_on(runtime)

    async def test_processor_time(self):
        """A host that uses up the processor time of its app is killed; the app has to wait."""
        self.limits = limits_for_all(HostLimits(cpu_seconds=1))
        runtime = self.house({"app.star": STUCK})
        error = await self.refusal(
            runtime.respond(an_app(), a_request("/stuck")),
            AppCrashed,
        )
        self.assertIn("more than 1 seconds of processor time", error.message)
        await self.refusal(runtime.respond(an_app(), a_request("/good")), AppBusy)
        self.assertEqual(runtime.limits_reached, {"cpu_time": 1})
        other = an_app("/other", app_id="app_prd_2")
        answer = await runtime.respond(other, a_request("/good"))
        self.assertEqual(answer.status, 200)

    async def test_in_flight_fail_together(self):
        """Requests that the same process was working on fail with it; other apps do not notice."""
        runtime = self.house({"app.star": STUCK})
        other = an_app("/other", app_id="app_prd_2")
        await runtime.respond(an_app(), a_request("/good"))
        stuck = [
            Deferred.fromCoroutine(self.refusal(runtime.respond(an_app(), a_request(path)), kind))
            for path, kind in (("/stuck", AppCrashed), ("/stuck", AppCrashed))
        ]
        answer = await runtime.respond(other, a_request("/good"))
        self.assertEqual((answer.status, [one.called for one in stuck]), (200, [False, False]))
        for pid in self.hosts.fork_server.pids.values():
            os.kill(pid, signal.SIGKILL)
        await gatherResults(stuck)

    async def test_endless_load(self):
        """An app that does not finish loading is refused."""
        runtime = self.house({"app.star": "x = [n for n in range(1 << 40) if n < 0]\n" + STUCK})
        error = await self.refusal(runtime.load(an_app(), self.files), AppBroken)
        self.assertIn("6 seconds", error.message)

    async def test_hungry_load(self):
        """An app that eats all memory while loading is refused."""
        self.limits = limits_for_all(HostLimits(start_seconds=30))
        runtime = self.house({"app.star": HUNGRY + STUCK})
        error = await self.refusal(runtime.audit(an_app(), self.files), AppBroken)
        self.assertIn("memory", error.message)

    async def test_fork_server_dies(self):
        """If the fork server is killed, so are its hosts, and the next request gets new ones."""
        runtime = self.house({"app.star": STUCK})
        await self.assert_goes_on(runtime)
        (pid,) = self.hosts.fork_server.pids.values()
        os.kill(parent_of(pid), signal.SIGKILL)
        while lives(pid):
            await deferLater(reactor, 0.01)
        await self.assert_goes_on(runtime)
        self.flushLoggedErrors()

    async def test_stop(self):
        """When the runtime stops, no process is left."""
        runtime = self.house({"app.star": STUCK})
        await self.assert_goes_on(runtime)
        (pid,) = self.hosts.fork_server.pids.values()
        await runtime.stopService()
        self.assertFalse(lives(pid))
