"""Tests for ``clace.identity.rbac.authorisation`` and ``clace.identity.rbac.holders``."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, NotAllowed
from clace.identity.rbac import Authorisation
from clace.interfaces import IAuthorisation
from clace.model.identity import NOBODY, Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO)
POLICY = Policy(
    enabled=True,
    groups={"ops": ("github:ben",)},
    roles={"r": ("app:read", "custom:b", "custom:a"), "all": ("custom:*", "role:r")},
    grants=(
        Grant(users=("github:ann",), roles=("r",), targets=("/x",), description="x"),
        Grant(users=("group:ops",), roles=("all", "clace-user"), targets=("all",)),
        Grant(users=("regex:saml_.*",), roles=("clace-admin",)),
    ),
)


class AuthorisationTests(SynchronousTestCase):
    def setUp(self):
        self.owners = {"/mine": "github:ann"}
        self.rules = Authorisation(POLICY, "admin", lambda target: self.owners.get(target, ""))

    def may(self, permission, target="", identity=ANN):
        return self.rules.decide(identity, permission, target).is_allowed

    def test_is_authorisation(self):
        """It fills the seam."""
        verifyObject(IAuthorisation, self.rules)
        self.assertTrue(self.rules.is_enabled)
        self.assertEqual(self.rules.administrator, "admin")

    def test_refusal(self):
        """A refusal names user, permission and target, and the token if there is one."""
        self.rules.authorise(ANN, "app:read", "/x")
        token = replace(ANN, token_id="tok_1", scope=Scope())
        for identity, permission, target, told in (
            (ANN, "app:delete", "/x", "user github:ann does not have permission app:delete on /x"),
            (ANN, "server:stop", "", "github:ann does not have permission server:stop on server"),
            (token, "app:read", "/x", "permission app:read on /x (token tok_1)"),
        ):
            error = self.assertRaises(
                NotAllowed, self.rules.authorise, identity, permission, target
            )
            self.assertIn(told, error.message)
            self.assertTrue(error.message.startswith("unauthorized: user github:ann"))

    def test_changes_hold_at_once(self):
        """What was decided before is forgotten with the policy, and with the owner."""
        self.assertTrue(self.may("app:read", "/x"))
        self.assertFalse(self.may("app:delete", "/x"))
        self.owners["/x"] = ANN.user_id
        self.assertTrue(self.may("app:delete", "/x"))
        self.rules.replace(Policy(enabled=True), "admin")
        self.assertFalse(self.may("app:read", "/elsewhere"))
        self.owners.clear()
        self.assertFalse(self.may("app:read", "/x"))
        self.assertFalse(self.may("app:read", "/mine"))

    def test_custom_permissions_change_at_once(self):
        """Names that an app asks for are forgotten with the policy that gave them."""
        self.assertEqual(self.rules.custom_permissions(ANN, "/x"), ("a", "b"))
        self.rules.replace(replace(POLICY, grants=POLICY.grants[1:]), "admin")
        self.assertEqual(self.rules.custom_permissions(ANN, "/x"), ())

    def test_owners_are_known_at_once(self):
        """Another way to know owners holds from then on."""
        self.assertTrue(self.may("app:delete", "/mine"))
        self.rules.know_owners(lambda target: ANN.user_id if target == "/x" else "")
        self.assertFalse(self.may("app:delete", "/mine"))
        self.assertTrue(self.may("app:delete", "/x"))

    def test_other_administrator(self):
        """The administrator is who the configuration says now."""
        boss = Identity(user_id="boss", assurance=Assurance.PASSWORD)
        self.assertFalse(self.may("admin", identity=boss))
        self.rules.replace(POLICY, "boss")
        self.assertTrue(self.may("admin", identity=boss))

    def test_answers_are_bounded(self):
        """However many ask, only so many answers are kept."""
        for number in range(5000):
            user = replace(ANN, user_id=f"github:{number}")
            self.may("app:read", "/x", user)
            self.rules.custom_permissions(user, "/x")
        self.assertLessEqual(len(self.rules._answers), 4096)
        self.assertLessEqual(len(self.rules._held), 4096)

    def test_custom_permissions(self):
        """The names that roles mention and the user has on a target, sorted; none without roles."""
        ben = replace(ANN, user_id="github:ben")
        self.assertEqual(self.rules.custom_permissions(ANN, "/x"), ("a", "b"))
        self.assertEqual(self.rules.custom_permissions(ANN, "/y"), ())
        self.assertEqual(self.rules.custom_permissions(ben, "/y"), ("a", "b"))
        self.assertEqual(self.rules.custom_permissions(NOBODY, "/x"), ())
        self.rules.replace(replace(POLICY, enabled=False), "admin")
        self.assertEqual(self.rules.custom_permissions(ANN, "/x"), ())

    def test_permissions_of_roles(self):
        """A role is its permissions, those of the roles in it too; an unknown one is an error."""
        self.assertEqual(
            self.rules.permissions_of("role:all"), ("custom:*", "app:read", "custom:b", "custom:a")
        )
        self.assertEqual(self.rules.permissions_of("app:read"), ("app:read",))
        self.assertRaises(BadRequest, self.rules.permissions_of, "role:none")
        self.rules.replace(replace(POLICY, roles={**POLICY.roles, "empty": ()}), "admin")
        self.assertEqual(self.rules.permissions_of("role:empty"), ())
        self.assertIn("app:access", self.rules.permissions_of("role:clace-user"))

    def holders(self, target):
        return [(one.user, one.permissions, one.source) for one in self.rules.holders(target)]

    def test_holders(self):
        """Everybody with a permission on the app, the administrator first and the owner last."""
        first, *middle = self.holders("/x")
        self.assertEqual(first, ("admin", ("admin",), "the administrator"))
        self.assertEqual(
            middle,
            [
                ("github:ann", ("app:read",), 'grant 1 "x"'),
                ("group:ops", ("app:access", "app:read"), "grant 2"),
                ("regex:saml_.*", ("admin",), "grant 3"),
            ],
        )
        user, permissions, source = self.holders("/mine")[-1]
        self.assertEqual((user, source), ("github:ann", "the owner of the app"))
        self.assertIn("app:delete", permissions)
        self.assertNotIn("app:approve", permissions)

    def test_holders_without_roles(self):
        """While roles are off only the administrator has permissions."""
        self.rules.replace(replace(POLICY, enabled=False), "admin")
        self.assertEqual([user for user, *_ in self.holders("/x")], ["admin"])
        self.rules.replace(replace(POLICY, enabled=False), "")
        self.assertEqual(self.holders("/x"), [])

    def test_holders_that_are_nobody(self):
        """A group or pattern without a name holds nothing, and the administrator is told once."""
        users = ("group:", "regex:", "group:ops", "github:ann")
        self.owners = {"/mine": "admin"}
        self.rules.replace(
            Policy(
                enabled=True, grants=(Grant(users=users, roles=("clace-user",), targets=("all",)),)
            ),
            "admin",
        )
        for target in ("/mine", "/x"):
            named = [user for user, _, _ in self.holders(target)]
            self.assertEqual(named, ["admin", "group:ops", "github:ann"])
        self.rules.replace(Policy(enabled=True), "")
        self.assertEqual(
            [source for _, _, source in self.holders("/mine")], ["the owner of the app"]
        )
