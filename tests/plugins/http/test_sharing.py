"""What the requests of all apps share."""

from contextlib import ExitStack

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.plugins.builtin.http.sharing import LOOKUPS, LOOKUPS_EACH, REQUESTS_EACH, RequestsByOwner
from clace.plugins.kit.definition import CallFailed


class SharedTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.asked = {}
        self.shared = RequestsByOwner(self.clock, self.resolve)

    async def resolve(self, host):
        self.asked[host] = Deferred()
        return await self.asked[host]

    def look_up(self, host, owner="a"):
        return Deferred.fromCoroutine(self.shared.addresses(host, owner))

    def answer(self, host):
        self.asked.pop(host).callback(["192.0.2.1"])

    def test_addresses(self):
        """A name has the addresses that are found for it."""
        found = self.look_up("a.test")
        self.answer("a.test")
        self.assertEqual(self.successResultOf(found), ["192.0.2.1"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_too_slow(self):
        """A name that nobody can say anything of in time is an error."""
        found = self.look_up("a.test")
        self.clock.advance(10)
        told = self.failureResultOf(found, CallFailed).value.message
        self.assertEqual(told, "host a.test could not be looked up within 10 seconds")
        self.answer("a.test")

    def test_turns(self):
        """An app looks up so many names at once, and others have their turn meanwhile."""
        waiting = [self.look_up(f"{number}.test") for number in range(LOOKUPS_EACH + 1)]
        self.look_up("b.test", "b")
        self.assertEqual(set(self.asked), {"0.test", "1.test", "b.test"})
        self.answer("0.test")
        self.answer("2.test")
        self.assertEqual(self.successResultOf(waiting[2]), ["192.0.2.1"])

    def test_all(self):
        """All apps together look up so many names at once."""
        for number in range(LOOKUPS + 1):
            self.look_up(f"{number}.test", owner=str(number))
        self.assertEqual(len(self.asked), LOOKUPS)
        self.answer("0.test")
        self.assertIn(f"{LOOKUPS}.test", self.asked)

    def test_nobody_waits(self):
        """A lookup that nobody waits for any more has its turn until it is done; one that was not
        begun never is.
        """
        for number in range(LOOKUPS_EACH + 1):
            self.look_up(f"{number}.test").addErrback(lambda _: None)
        self.clock.advance(10)
        found = self.look_up("new.test")
        self.assertEqual(set(self.asked), {"0.test", "1.test"})
        self.answer("1.test")
        self.assertEqual(set(self.asked), {"0.test", "new.test"})
        self.answer("new.test")
        self.successResultOf(found)

    def test_requests(self):
        """An app has so many requests under way, and others have theirs."""
        with ExitStack() as under_way:
            for _ in range(REQUESTS_EACH):
                under_way.enter_context(self.shared.request("a"))
            with self.assertRaises(CallFailed), self.shared.request("a"):
                pass
            with self.shared.request("b"):
                pass
        with self.shared.request("a"):
            pass
