"""Any answer that is an error becomes one of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from clace.client.refusals import refusal
from clace.errors import BY_CODE, ClaceError, LockedOut, NotAuthenticated


class RefusalTests(SynchronousTestCase):
    @given(st.integers(300, 599), st.binary(max_size=1000))
    def test_takes_any_body(self, status, body):
        """Whatever stands there, the error has a text to show."""
        error = refusal(status, body)
        self.assertIsInstance(error, ClaceError)
        self.assertTrue(error.message)

    def test_takes_deep_json(self):
        """JSON that is nested without end is no way to break a client."""
        self.assertIsInstance(refusal(400, b"[" * 1_000_000), ClaceError)

    def test_prefers_the_name(self):
        """The name of an error says more than its number."""
        for code, kind in BY_CODE.items():
            error = refusal(400, b'{"message":"m","code":400,"error":"%s"}' % code.encode())
            self.assertIs(type(error), kind)

    def test_falls_back_to_the_number(self):
        """Without a name the number in the body holds, and without a body the status."""
        self.assertIsInstance(refusal(401, b"Unauthorized"), NotAuthenticated)
        self.assertIsInstance(refusal(500, b'{"message":"m","code":401}'), NotAuthenticated)
        locked = refusal(429, b'{"message":"m","code":429,"retry_after":7}')
        self.assertIsInstance(locked, LockedOut)
        self.assertEqual(locked.retry_after, 7)
