"""Tests for ``clace.web.apps.visitors``: users as apps are told of them."""

from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import Decision
from clace.model.app import App
from clace.model.identity import NOBODY, Assurance, Identity
from clace.model.traffic import Visitor
from clace.web.apps.visitors import Visitors

ANN = Identity(
    user_id="oidc:ann",
    subject="u-1",
    email="ann@example.org",
    groups=("staff",),
    assurance=Assurance.SSO,
    session_id="ses_1",
)
PROD = App(id="app_prd_1", path="/a")
STAGE = App(id="app_stg_1", path="/a_cl_stage", main_app="app_prd_1")


class Authorisation:
    is_enabled = True
    held = ""

    def __init__(self):
        self.asked = []

    def decide(self, _identity, permission, _target=""):
        return Decision(permission == self.held)

    def custom_permissions(self, identity, target):
        self.asked.append((identity.user_id, target))
        return ("edit",)


class VisitorsTests(SynchronousTestCase):
    def setUp(self):
        self.authorisation = Authorisation()
        self.issued = []
        self.visitors = Visitors(self.authorisation, self.issue)

    async def issue(self, identity, app_id):
        self.issued.append((identity.user_id, app_id))
        return f"token {len(self.issued)}"

    def visitor(self, identity=ANN, app=PROD, *, token=False):
        return self.successResultOf(self.visitors.visitor(identity, app, token=token))

    def lines(self, identity=ANN, *, token=False):
        return self.successResultOf(self.visitors.lines(identity, PROD, token=token))

    def test_administrators(self):
        """One who has all permissions is known as such to the gate of plugins."""
        self.assertFalse(self.visitor().is_admin)
        self.authorisation.held = "admin"
        self.assertTrue(self.visitor().is_admin)

    def test_user(self):
        """The facts of an identity, with the custom permissions on the app."""
        self.assertEqual(
            self.visitor(),
            Visitor(
                subject="u-1",
                email="ann@example.org",
                groups=("staff",),
                permissions=("edit",),
                is_rbac_enabled=True,
            ),
        )

    def test_staging(self):
        """Permissions on a staging app are those on its production app."""
        self.visitor(app=STAGE)
        self.assertEqual(self.authorisation.asked, [("oidc:ann", "/a")])

    def test_nobody(self):
        """Of nobody there is nothing to tell but whether roles are in use, and no token."""
        told = self.visitor(NOBODY, token=True)
        self.assertEqual((told.token, told.is_rbac_enabled), ("", True))
        self.authorisation.is_enabled = False
        self.assertIsNone(self.visitor(NOBODY, token=True))
        self.assertEqual(self.issued, [])

    def test_token(self):
        """A token is made if it is wanted, a new one for each request."""
        self.assertEqual(self.visitor().token, "")
        self.assertEqual(self.visitor(token=True).token, "token 1")
        self.assertEqual(self.visitor(token=True).token, "token 2")
        self.assertEqual(self.issued, [("oidc:ann", "app_prd_1")] * 2)

    def test_lines(self):
        """A server behind this one has the same in headers, each on one line."""
        known = (
            b"X-Clace-User: oidc:ann\r\n"
            b"X-Clace-User-Id: u-1\r\n"
            b"X-Clace-User-Email: ann@example.org\r\n"
            b"X-Clace-Perms: edit\r\n"
            b"X-Clace-Rbac-Enabled: true\r\n"
        )
        self.assertEqual(self.lines(), known)
        self.assertEqual(self.lines(token=True), known + b"X-Clace-Identity: token 1\r\n")
        self.assertEqual(self.lines(token=True), known + b"X-Clace-Identity: token 2\r\n")
        odd = Identity(user_id="a\r\nX-Evil: 1", assurance=Assurance.SSO)
        self.assertNotIn(b"\nX-Evil", self.lines(odd))

    def test_lines_of_nobody(self):
        """A server behind this one is told of nobody too."""
        self.authorisation.is_enabled = False
        self.assertEqual(
            self.lines(NOBODY, token=True),
            b"X-Clace-User: anonymous\r\nX-Clace-Rbac-Enabled: false\r\n",
        )
