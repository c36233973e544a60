"""Tests for ``clace.identity.user_ids``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.identity.settings import ClosedToAll
from clace.identity.user_ids import check_user
from tests.support.sign_in import MemoryProvider, OneAccount, app_authentication


class UserIDTests(SynchronousTestCase):
    def test_users(self):
        """An id is of a way to sign in and a name, or of a certificate; a near one is named."""
        ways = OneAccount(), OneAccount("builtin"), MemoryProvider(), MemoryProvider("saml_corp")
        auth = app_authentication(
            *ways, kinds=(lambda base: ClosedToAll() if base == "cert_staff" else None,)
        )
        for user_id in ("builtin:ann", "github:ann@example.org", "saml_corp:Ann B", "cert_staff"):
            check_user(auth, user_id)
        for user_id in (
            *(
                "",
                "ann",
                "none",
                "default",
                "anonymous",
                "system",
                "github",
                "cert",
                "cert_staff:x",
            ),
            *("system:admin", "github:", ":ann", "github:a\x00", "builtin,github:ann"),
        ):
            self.assertRaises(BadRequest, check_user, auth, user_id)
        error = self.assertRaises(BadRequest, check_user, auth, "githb:ann")
        self.assertIn("did you mean github:ann?", error.message)
        expected = "expected one of the administrator's, builtin:NAME, github:NAME, saml_corp:NAME"
        self.assertTrue(error.message.endswith(expected), error.message)
        error = self.assertRaises(BadRequest, check_user, auth, "ann")
        self.assertIn("did you mean builtin:ann?", error.message)
