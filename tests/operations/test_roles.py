"""Tests for ``clace.operations.roles``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.roles import CheckPermission
from clace.errors import BadRequest
from clace.identity.rbac import Authorisation
from clace.model.rbac import Policy
from clace.operations.roles import RoleOperations
from clace.runtime.installed import InstalledApps


def only_known(user_id):
    """Know the users of this server, and no others."""
    if not user_id.startswith("builtin:"):
        raise BadRequest(f"no user has the id {user_id!r}")


class CheckTests(SynchronousTestCase):
    """Explanations for ids that nobody can have."""

    def explained(self, user):
        """Return the lines that explain why a user may open an app or not."""
        roles = RoleOperations(
            Authorisation(Policy(enabled=True), "admin", lambda _target: ""),
            InstalledApps("localhost"),
            lambda _user: (),
            only_known,
        )
        query = CheckPermission(user, "app:access", "/x", "")
        return self.successResultOf(roles.check_permission(query)).reasons

    def test_tells_of_nobody(self):
        """An id as which nobody signs in is told first, before why it may do nothing."""
        self.assertEqual(self.explained("ann")[0], "no user has the id 'ann'")

    def test_tells_nothing_of_somebody(self):
        """Of users, and of visitors without a sign-in, the explanation alone is told."""
        for user in ("builtin:ann", "anonymous"):
            self.assertNotIn("no user has", str(self.explained(user)))
