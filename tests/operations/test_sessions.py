"""Sessions that an operator asks for by a user."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api import ListSessions, RevokeSessions
from clace.errors import BadRequest, NoSuchSession
from clace.operations import SessionOperations
from tests.support.sign_in import make_sessions


def check(user_id):
    if ":" not in user_id:
        raise BadRequest(f"nobody is {user_id}")


class SessionsOfUserTests(SynchronousTestCase):
    def setUp(self):
        self.operations = SessionOperations(make_sessions(), check)

    def test_ids_of_nobody(self):
        """Who has no session, and can have none, was misspelt."""
        listed = self.failureResultOf(
            self.operations.list_sessions(ListSessions(user="ann")), BadRequest
        )
        self.assertEqual(listed.value.message, "nobody is ann")
        ended = self.failureResultOf(
            self.operations.revoke_sessions(RevokeSessions(user="ann")), NoSuchSession
        )
        self.assertEqual(ended.value.message, "there is no session of user ann: nobody is ann")

    def test_ids_without_sessions(self):
        """Who could sign in may be without a session."""
        listed = self.successResultOf(
            self.operations.list_sessions(ListSessions(user="builtin:ann"))
        )
        self.assertEqual(listed.total, 0)
        ended = self.failureResultOf(
            self.operations.revoke_sessions(RevokeSessions(user="builtin:ann")), NoSuchSession
        )
        self.assertEqual(ended.value.message, "there is no session of user builtin:ann")
