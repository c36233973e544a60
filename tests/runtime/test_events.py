"""Browsers told of reloads."""

from twisted.internet.defer import Deferred

from tests.runtime.test_runtime import DEV, RuntimeCase
from tests.support.apps import an_app


class ReloadEventTests(RuntimeCase):
    def follow(self):
        answer = self.successResultOf(self.respond(DEV, "/_clace_app/sse"))
        self.assertIn(("Content-Type", "text/event-stream"), answer.headers)
        return answer.body

    def next(self, body):
        return Deferred.fromCoroutine(body.__anext__())

    def test_tells_of_a_reload(self):
        """A browser that follows a dev app is told when the app has changed."""
        body = self.follow()
        self.successResultOf(self.next(body))
        waiting = self.next(body)
        self.clock.advance(1)
        self.assertNoResult(waiting)
        self.change(app_star="x = = 1")
        self.clock.advance(1)
        told = self.successResultOf(waiting)
        self.assertIn(b"event: clace_reload\n", told)
        self.assertIn(b"event: openrun_reload\n", told)

    def test_keeps_alive(self):
        """Now and then something is sent, so that nobody thinks the other gone."""
        body = self.follow()
        self.successResultOf(self.next(body))
        waiting = self.next(body)
        self.clock.pump([5] * 3)
        self.assertIn(b"keepalive", self.successResultOf(waiting))

    def test_follower_leaves(self):
        """When nobody follows any more, nobody looks at the files."""
        body = self.follow()
        self.successResultOf(Deferred.fromCoroutine(body.aclose()))
        self.clock.advance(1)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)  # that for idle hosts

    def test_stop(self):
        """When the runtime stops, its answers end."""
        body = self.follow()
        self.successResultOf(self.next(body))
        waiting = self.next(body)
        self.runtime.stopService()
        self.failureResultOf(waiting, StopAsyncIteration)
        self.runtime.startService()

    def test_not_in_production(self):
        """An app in production has no such address."""
        answer = self.successResultOf(self.respond(an_app(), "/_clace_app/sse"))
        self.assertEqual(answer.status, 404)
