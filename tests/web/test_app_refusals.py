"""Tests for ``clace.web.app_refusals``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import (
    AppBusy,
    AppFailed,
    AppTimedOut,
    LockedOut,
    NotAllowed,
    NotAuthenticated,
    SourceError,
    StoreError,
)
from clace.web.app_refusals import is_failure, refusal


def failed(message, place=""):
    error = AppFailed(message)
    error.place = place
    return error


class RefusalTests(SynchronousTestCase):
    def body(self, error, **options):
        answer = refusal(error, "rid_1", **{"told": False, **options})
        return answer.status, answer.body.decode()

    def test_visitors(self):
        """Why an app or the server failed is not told to visitors, by what name to ask is."""
        for error in (
            failed("secret", "app.star:1:2"),
            SourceError("secret"),
            StoreError("secret"),
        ):
            status, text = self.body(error)
            self.assertEqual(status, 500)
            self.assertNotIn("secret", text)
            self.assertNotIn("app.star", text)
            self.assertIn("rid_1", text)

    def test_told(self):
        """Who may mend the app is told what and where."""
        _, text = self.body(failed("division by zero", "app.star:3:9"), told=True)
        self.assertEqual(text, "division by zero at app.star:3:9, request rid_1")

    def test_no_fault_of_the_source(self):
        """An app that is late or busy says so to everybody."""
        for error, expected in ((AppTimedOut("late"), 504), (AppBusy("busy"), 503)):
            status, text = self.body(error)
            self.assertEqual((status, text), (expected, f"{error.message}, request rid_1"))

    def test_what_operators_have_to_know(self):
        """Failures and refused requests are logged; a missing password is not."""
        for error, expected in (
            (failed("x"), True),
            (SourceError("x"), True),
            (NotAllowed("cross-origin"), True),
            (NotAuthenticated("x"), False),
            (LockedOut("x", 5), False),
        ):
            self.assertIs(is_failure(error), expected, error)
