"""Tests for ``clace.operations.tokens``."""

from datetime import timedelta

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.operation import Nothing
from clace.admin_api.tokens import (
    CREATE_TOKEN,
    LIST_TOKENS,
    REVOKE_TOKEN,
    CreateToken,
    NamedToken,
    NewToken,
)
from clace.admin_api.users import CHANGE_USER, DELETE_USER, ChangeUser, NamedUser, UserChange
from clace.errors import BadRequest, InvalidGlob, NoSuchToken, NotAllowed
from clace.interfaces import NewAPIToken
from clace.model import Scope
from clace.model.identity import OPERATOR, Assurance, Identity
from clace.model.rbac import Grant, Policy
from tests.operations.house import NOW, House
from tests.support.queries import example

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO, groups=("dev",))
BEN = Identity(user_id="github:ben", assurance=Assurance.SSO)
ADMIN = Identity(user_id="admin", assurance=Assurance.PASSWORD)
POLICY = Policy(
    enabled=True,
    roles={"tokens": ("token:*",), "deployer": ("app:reload", "role:clace-user")},
    grants=(
        Grant(users=(ANN.user_id, BEN.user_id), roles=("tokens", "clace-user"), targets=("/a",)),
    ),
)


class TokenOperationsTests(SynchronousTestCase):
    def setUp(self):
        self.house = House(policy=POLICY)

    def ask(self, identity, operation, query):
        return self.house.administration.perform_as(identity, operation, query)

    def create(self, identity=ADMIN, **fields):
        return self.ask(identity, CREATE_TOKEN, CreateToken(NewToken(**fields)))

    def created(self, identity=ADMIN, **fields):
        return self.successResultOf(self.create(identity, **fields))

    def proved(self, created):
        return self.successResultOf(self.house.tokens.prove(created.secret, "192.0.2.1"))

    def made_by(self, grants, apps=(), **fields):
        """The identity of a token of the administrator."""
        return self.proved(self.created(grants=grants, apps=apps, **fields))

    def listed(self, identity):
        return self.successResultOf(self.ask(identity, LIST_TOKENS, Nothing())).tokens

    def refused(self, kind=NotAllowed, identity=ADMIN, **fields):
        return self.failureResultOf(self.create(identity, **fields), kind).value.message

    def test_creates(self):
        """A token is of who asks, for thirty days; the answer does not show it to logs."""
        created = self.created(ANN, grants=("app:read",), apps=("/a",), description="ci")
        identity = self.proved(created)
        self.assertEqual((identity.user_id, identity.groups), (ANN.user_id, ANN.groups))
        self.assertEqual((created.grants, created.apps), (("app:read",), ("/a",)))
        self.assertEqual(created.expire_time, NOW + timedelta(30))
        self.assertNotIn(created.secret, repr(created))

    def test_operators_make_the_administrators(self):
        """A token made through the socket is the administrator's, whatever that is called."""
        self.house.authorisation.replace(POLICY, "boss")
        self.assertEqual(self.created(OPERATOR, grants=("admin",)).user_id, "boss")
        self.house.authorisation.replace(POLICY, "")
        self.assertIn("admin_user is empty", self.refused(BadRequest, OPERATOR))

    def test_without_grants(self):
        """A token without a grant is made with a warning, and can do nothing, RBAC or not."""
        created = self.created()
        self.assertIn("can do nothing", created.warnings[0])
        for policy in (POLICY, Policy()):
            self.house.authorisation.replace(policy, "admin")
            identity = self.proved(created)
            for operation, query in ((LIST_TOKENS, Nothing()), (REVOKE_TOKEN, NamedToken("x"))):
                self.failureResultOf(self.ask(identity, operation, query), NotAllowed)

    def test_roles_become_permissions(self):
        """A role is what it has now; a token does not change with it."""
        created = self.created(grants=("role:deployer", "list"))
        self.assertEqual(created.grants, ("app:reload", "app:access", "app:read"))
        self.assertEqual(self.refused(BadRequest, grants=("role:x",)), "there is no role x")

    def test_refusals(self):
        """What cannot be used is named."""
        for fields, kind, told in (
            ({"grants": ("app:raed",)}, BadRequest, "app:raed: no such permission; did you mean"),
            ({"apps": ("/a[",)}, InvalidGlob, "/a["),
            ({"apps": ("",)}, BadRequest, "cannot be empty"),
            ({"grants": ("admin",), "apps": ("/a",)}, BadRequest, "cannot go with --app"),
            ({"grants": ("role:clace-admin",), "apps": ("/a",)}, BadRequest, "cannot go with"),
            ({"expires_secs": 59}, BadRequest, "from a minute to 366 days"),
            ({"expires_secs": 367 * 86_400}, BadRequest, "from a minute to 366 days"),
            ({"description": "x" * 257}, BadRequest, "at most 256"),
            ({"description": "a\nb"}, BadRequest, "on one line"),
            ({"grants": ("app:read",) * 101}, BadRequest, "at most 100"),
        ):
            self.assertIn(told, self.refused(kind, **fields))

    def test_lists_own(self):
        """Users see and end their own tokens; an administrator those of all."""
        mine, other = self.created(ANN), self.created(BEN)
        self.assertEqual([one.id for one in self.listed(ANN)], [mine.id])
        self.assertEqual({one.id for one in self.listed(ADMIN)}, {mine.id, other.id})
        self.assertEqual({one.id for one in self.listed(OPERATOR)}, {mine.id, other.id})
        for token_id in (other.id, "tok_missing"):
            revoking = self.ask(ANN, REVOKE_TOKEN, NamedToken(token_id))
            self.failureResultOf(revoking, NoSuchToken)
        self.successResultOf(self.ask(ADMIN, REVOKE_TOKEN, NamedToken(other.id)))
        self.successResultOf(self.ask(ANN, REVOKE_TOKEN, NamedToken(mine.id)))
        self.assertEqual(self.listed(ADMIN), ())

    def test_needs_the_right(self):
        """A user without a permission on tokens makes none."""
        stranger = replace(ANN, user_id="github:eve")
        self.refused(identity=stranger)

    def test_tokens_make_none_wider(self):
        """A token makes tokens with some of its own grants, for some of its own apps."""
        maker = self.made_by(("token:create", "app:update", "custom:*"), ("/a/**", "/b"))
        for grants, apps in (
            ((), ("/b",)),
            (("app:reload", "app:update"), ("/a/**",)),
            (("token:create",), ("/a/x",)),
            (("custom:report",), ("/b",)),
        ):
            self.created(maker, grants=grants, apps=apps)
        for grants, apps in (
            (("admin",), ()),
            (("app:delete",), ("/b",)),
            (("app:*",), ("/b",)),
            (("app:reload",), ()),
            (("app:reload",), ("/**",)),
            (("app:reload",), ("/c",)),
            (("app:reload",), ("/a/x*",)),
            (("secret:read",), ("/b",)),
            (("app:approve",), ("/b",)),
        ):
            self.refused(identity=maker, grants=grants, apps=apps)

    def test_tokens_of_tokens_end_with_them(self):
        """A token lasts no longer than the one that made it."""
        maker = self.made_by(("token:create",), expires_secs=3600)
        created = self.created(maker, expires_secs=86_400)
        self.assertEqual(created.expire_time, NOW + timedelta(hours=1))

    def test_tokens_make_no_tokens_unless_granted(self):
        """To make tokens is a grant of its own, and all rights have it."""
        self.refused(identity=self.made_by(("app:*",)))
        self.created(self.made_by(("admin",)), grants=("admin",))

    def test_end_with_their_user(self):
        """Another user of the same name does not begin with the tokens of the one who is gone."""
        socket = Identity(user_id="admin", assurance=Assurance.SOCKET)
        new = ChangeUser(UserChange(invite=True), "cid")
        self.successResultOf(self.ask(socket, CHANGE_USER, new))
        cid = Identity(user_id="builtin:cid", assurance=Assurance.PASSWORD)
        self.successResultOf(
            self.house.tokens.create(
                NewAPIToken(identity=cid, scope=Scope(), expire_time=NOW + timedelta(days=1))
            )
        )
        other = self.created()
        self.successResultOf(self.ask(socket, DELETE_USER, NamedUser("cid")))
        self.assertEqual([one.id for one in self.listed(ADMIN)], [other.id])

    def test_tokens_make_no_users(self):
        """A user could get any group, so that a token makes none unless it has all rights."""
        query = example(CHANGE_USER.query)
        identity = self.made_by(("*",))
        failure = self.failureResultOf(self.ask(identity, CHANGE_USER, query), NotAllowed)
        self.assertIn("does not have permission admin", str(failure.value))
        changing = self.ask(self.made_by(("admin",)), CHANGE_USER, query)
        self.assertNotIsInstance(getattr(changing, "result", None), NotAllowed)
        changing.close()
