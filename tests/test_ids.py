"""Ids of requests."""

from twisted.trial.unittest import SynchronousTestCase

from clace.ids import request_ids


class RequestIdTests(SynchronousTestCase):
    def test_never_repeats(self):
        """No two requests have the same id, neither of one run nor of two."""
        one, other = request_ids("aa" * 6), request_ids("bb" * 6)
        made = [*(one() for _ in range(1000)), *(other() for _ in range(1000))]
        self.assertEqual(len(set(made)), 2000)

    def test_form(self):
        """All have the same length, so that they can be looked for and lined up."""
        new_id = request_ids("0123456789ab")
        self.assertEqual(
            [new_id(), new_id()], ["rid_0123456789ab00000001", "rid_0123456789ab00000002"]
        )
