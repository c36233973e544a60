"""Tests for ``clace.identity.factors.alone``."""

from zope.interface import implementer
from zope.interface.verify import verifyObject

from clace.errors import NotAuthenticated
from clace.identity.factors import PasswordsAlone
from clace.interfaces import NEEDS_FACTOR, ICredentials
from tests.identity.factors.test_second import HERE, FactorCase


@implementer(ICredentials)
class OneCredential:
    async def check(self, user, password, address):
        if (user, password, address) != ("admin", "right", HERE):
            raise NotAuthenticated("Authentication failed")
        return user


class PasswordsAloneTests(FactorCase):
    def setUp(self):
        super().setUp()
        self.alone = PasswordsAlone(OneCredential(), self.factors)

    def test_is_credentials(self):
        """It fills the seam."""
        verifyObject(ICredentials, self.alone)

    def test_without_factors(self):
        """A right password is enough, a wrong one is not."""
        self.assertEqual(self.successResultOf(self.alone.check("admin", "right", HERE)), "admin")
        self.failureResultOf(self.alone.check("admin", "wrong", HERE), NotAuthenticated)

    def test_with_factors(self):
        """For an account with a factor a right password is refused, with the reason."""
        self.enrol_codes("admin")
        self.by = "password"
        refused = self.refusal(
            self.alone.check("admin", "right", HERE), "the second factor is missing"
        )
        self.assertEqual(refused.message, NEEDS_FACTOR)
        self.assertEqual(self.told.events[-1][1], "admin")
        wrong = self.failureResultOf(self.alone.check("admin", "wrong", HERE), NotAuthenticated)
        self.assertNotEqual(wrong.value.message, NEEDS_FACTOR)
