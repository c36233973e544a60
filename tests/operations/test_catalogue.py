"""Tests for ``clace.operations.catalogue``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import AppBroken, AppNotApproved, BadRequest
from clace.model.app import App
from clace.operations.catalogue import naming


class NamingTests(SynchronousTestCase):
    def named(self, error):
        with self.assertRaises(type(error)) as raised, naming(App("app_prd_1", "/a")):
            raise error
        return raised.exception

    def test_names_the_app(self):
        """An error is told with the app that it is about, and keeps the limit that was reached."""
        error = AppBroken("app.star:1:1: division by zero")
        error.limit = "load_time"
        named = self.named(error)
        self.assertEqual(named.message, "app /a: app.star:1:1: division by zero")
        self.assertEqual(named.limit, "load_time")

    def test_more(self):
        """A request that cannot be meant is told as it is, unless it is about this app."""
        for more, told in (((), "no such key"), ((BadRequest,), "app /a: no such key")):
            with (
                self.assertRaises(BadRequest) as raised,
                naming(App("app_prd_1", "/a"), *more),
            ):
                raise BadRequest("no such key")
            self.assertEqual(raised.exception.message, told)

    def test_once(self):
        """A refusal that has the app does not say it twice, and one of another app does."""
        told = "app /a is not permitted to call exec.in.run"
        self.assertEqual(self.named(AppNotApproved(told)).message, told)
        told = "app.star:1:1: app /a is not permitted to load plugin exec.in"
        self.assertEqual(self.named(AppBroken(told)).message, told)
        other = "app /a_cl_stage is not permitted to call exec.in.run"
        self.assertEqual(self.named(AppNotApproved(other)).message, f"app /a: {other}")
