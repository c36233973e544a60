"""Tests for ``clace.web.apps.rights`` and what ``clace.web.apps.access`` makes of it."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NoAccess
from clace.identity.rbac import Authorisation
from clace.interfaces import NewAPIToken
from clace.model.app import App, AppKind, AppSettings
from clace.model.identity import NOBODY, Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.model.traffic import Visitor
from clace.web.apps.rights import AppRights
from tests.support.memory_tokens import memory_tokens
from tests.support.sign_in import OneAccount, app_access, app_authentication
from tests.web.test_admin import Events
from tests.web.test_apps import CLOSED, OPEN, AppsCase

STAGED = App(id=AppKind.STAGING + "2", path="/closed_cl_stage", main_app=CLOSED.id)


def policy(*grants, **fields):
    return Policy(enabled=True, grants=grants, **fields)


def grant(user, role="clace-user", *targets):
    return Grant(users=(user,), roles=(role,), targets=targets or ("all",))


class RightsCase(AppsCase):
    policy = Policy()
    admin = "boss"
    owners = {}
    taken = True

    def setUp(self):
        super().setUp()
        self.denied = Events()
        self.tokens = memory_tokens(self.clock)

    def access(self):
        return app_access(
            app_authentication(self.credentials),
            self.admin,
            self.policy,
            lambda target: self.owners.get(target, ""),
            self.tokens,
            self.taken,
            events=self.denied,
        )

    def status(self, path, authorization=None, login=None):
        headers = {"Authorization": authorization} if authorization else {}
        response, self.body = self.ask("GET", path, login=login, headers=headers)
        return response.code

    def token(self, *permissions, apps=(), user_id="boss"):
        """An Authorization header with a new token."""
        new = NewAPIToken(
            identity=Identity(user_id=user_id, assurance=Assurance.SSO),
            scope=Scope(permissions=permissions, apps=apps),
            expire_time=OPEN.create_time.replace(year=2100),
        )
        return f"Bearer {self.successResultOf(self.tokens.create(new))[0]}"


class RolesTests(RightsCase):
    """A user called ``admin``, who is none: the administrator here is ``boss``."""

    def test_off(self):
        """Without roles the sign-in of the app decides."""
        self.assertEqual(self.status("/closed", login="admin:right"), 200)
        self.assertEqual(self.status("/open"), 200)
        self.assertEqual(self.denied, [])
        self.assertIsNone(self.apps.seen[1].visitor)
        self.assertFalse(self.apps.seen[0].visitor.is_rbac_enabled)

    def test_needs_a_grant(self):
        """With roles a user needs ``app:access``, besides the sign-in; the refusal says so."""
        self.policy = policy()
        self.assertEqual(self.status("/closed", login="admin:right"), 403)
        self.assertEqual(self.body, b"Forbidden : admin does not have access to /closed")
        self.assertEqual(self.status("/closed"), 401)
        (deed,) = self.denied
        self.assertEqual((deed.operation, deed.user_id), ("access_denied", "admin"))
        self.assertEqual([one.operation for one in self.audit], [])  # once is enough
        self.assertEqual((deed.target, deed.app_id), ("/closed", CLOSED.id))
        self.assertEqual(self.apps.seen, [])
        self.policy = policy(grant("admin", "clace-user", "/closed"))
        self.assertEqual(self.status("/closed", login="admin:right"), 200)
        self.policy = policy(grant("admin", "clace-user", "/other"))
        self.assertEqual(self.status("/closed", login="admin:right"), 403)

    def test_page_says_whom_to_ask(self):
        """A browser is told whom to ask, and of no other kind of refusal."""
        self.policy = policy()
        headers = {"Accept": "text/html"}
        response, body = self.ask("GET", "/open", headers=headers)
        self.assertEqual(response.code, 403)
        self.assertIn(b"You may not open this app", body)
        self.assertIn(b"Ask whoever runs this server to let you in.", body)
        self.assertNotIn(b"trusted_proxies", body)
        self.assertNotIn(b"Sign out", body)

    def test_page_lets_sign_out(self):
        """Who has a session can leave it for another account; nobody else has what to leave."""
        rights = AppRights(Authorisation(policy(), "boss"), self.denied)
        for session_id, told in (("", False), ("ses_1", True)):
            ann = Identity(user_id="ann", assurance=Assurance.SSO, session_id=session_id)
            error = self.assertRaises(NoAccess, rights.check, ann, CLOSED, "127.0.0.1")
            self.assertEqual(error.has_session, told)

    def test_open_apps_too(self):
        """An app without a sign-in is open to whom a grant names: to ``anonymous``."""
        self.policy = policy(grant("regex:.*"))
        self.assertEqual(self.status("/open"), 403)
        self.assertIn(b"Forbidden : anonymous does not have access to /open", self.body)
        self.policy = policy(grant("anonymous"))
        self.assertEqual(self.status("/open"), 200)
        self.assertTrue(self.apps.seen[0].visitor.is_rbac_enabled)

    def test_administrators(self):
        """The administrator needs no grant."""
        self.policy, self.admin = policy(), "admin"
        self.assertEqual(self.status("/closed", login="admin:right"), 200)
        self.assertTrue(self.apps.seen[0].visitor.is_admin)

    def test_owners(self):
        """The maker of an app may open it."""
        self.policy, self.owners = policy(), {"/closed": "admin"}
        self.assertEqual(self.status("/closed", login="admin:right"), 200)

    def test_custom_permissions(self):
        """The app is told the permissions of its own that the user has on it, and no others."""
        self.policy = policy(
            grant("admin", "r", "/closed"),
            grant("admin", "other", "/elsewhere"),
            roles={
                "r": ("app:access", "custom:write", "custom:read", "secret:read"),
                "other": ("custom:delete",),
            },
        )
        self.status("/closed", login="admin:right")
        visitor = self.apps.seen[0].visitor
        self.assertEqual(visitor.permissions, ("read", "write"))
        self.assertFalse(visitor.is_admin)


class TokensTests(RightsCase):
    """API tokens at apps, with roles or without."""

    def test_opens(self):
        """A token with ``app:access`` opens the apps that it is for, roles on or off."""
        for self.policy in (Policy(), policy()):
            header = self.token("app:access", apps=("/closed",))
            self.assertEqual(self.status("/closed", header), 200)
            self.assertEqual(self.apps.seen.pop().user_id, "boss")
            for permissions, apps in (((), ()), (("app:read",), ()), (("app:access",), ("/x",))):
                self.assertEqual(self.status("/closed", self.token(*permissions, apps=apps)), 403)
                self.assertIn(b"does not have access to /closed", self.body)

    def test_is_recorded(self):
        """What a token changes in an app is in the audit log with the token's id."""
        headers = {"Authorization": self.token("app:access")}
        response, _ = self.ask("POST", "/closed/x", headers=headers)
        self.assertEqual(response.code, 200)
        (token,) = self.successResultOf(self.tokens.tokens())
        (event,) = self.audit
        self.assertEqual((event.operation, event.user_id), ("POST", "boss"))
        self.assertTrue(event.detail.endswith(f"; token {token.id}"), event.detail)

    def test_user_needs_the_grant_too(self):
        """A token opens nothing that its user may not."""
        self.policy = policy(grant("system:ann", "clace-user", "/open"))
        header = self.token("app:*", user_id="system:ann")
        self.assertEqual(self.status("/closed", header), 403)

    def test_only_of_users_whom_the_app_knows(self):
        """A token opens no app that its user could not sign in to; an administrator's opens any."""
        for self.policy in (Policy(), policy(grant("builtin:ben"), grant("regex:.*"))):
            for user_id in ("builtin:ben", "github:ann", "cert_staff"):
                header = self.token("app:access", user_id=user_id)
                self.assertEqual(self.status("/closed", header), 403, user_id)
                self.assertIn(b"does not have access to /closed", self.body)
            self.assertEqual(self.status("/closed", self.token("app:access")), 200)

    def test_no_way_around_other_proofs(self):
        """An app that asks for another proof than a sign-in, or an unknown one, takes no token."""
        for setting in ("cert", "cert_staff", "unknown", "github"):
            closed = replace(CLOSED, settings=AppSettings(authn_type=setting))
            self.apps.find = lambda _host, _path, found=closed: found
            self.assertEqual(self.status("/closed", self.token("app:access")), 401, setting)

    def test_is_narrow_inside(self):
        """Inside an app a token has no permissions that it was not granted."""
        self.policy = policy(roles={"r": ("custom:a", "custom:b")})
        self.assertEqual(self.status("/closed", self.token("app:access", "custom:a")), 200)
        visitor = self.apps.seen.pop().visitor
        self.assertEqual((visitor.permissions, visitor.is_admin), (("a",), False))
        self.status("/closed", self.token("admin"))
        self.assertTrue(self.apps.seen.pop().visitor.is_admin)

    def test_apps_say_so(self):
        """An app whose settings do not allow tokens takes none, and still takes passwords."""
        self.taken = False
        self.assertEqual(self.status("/closed", self.token("app:access")), 401)
        self.assertEqual(self.status("/closed", login="admin:right"), 200)

    def test_wrong_tokens(self):
        """Unknown tokens and what is none are refused, where apps ask who it is."""
        for header in ("Bearer clace_x", "Bearer clace_", "bearer clace_" + "0" * 49):
            self.assertEqual(self.status("/closed", header), 401)
            self.assertEqual(self.status("/open", header), 200)

    def test_apps_see_no_token(self):
        """The token is in no header that an app gets, and credentials of others are."""
        self.status("/closed", self.token("app:access"))
        self.assertNotIn("Authorization", self.apps.seen.pop().headers)
        self.status("/open", self.token("app:access"))
        self.assertNotIn("Authorization", self.apps.seen.pop().headers)
        self.status("/open", "Bearer of-the-app")
        self.assertEqual(self.apps.seen.pop().headers["Authorization"], ["Bearer of-the-app"])


def listed_app(setting, path="/x"):
    return App(id="app_prd_9", path=path, settings=AppSettings(authn_type=setting))


class NamedAccount(OneAccount):
    def __init__(self, name):
        super().__init__()
        self.name = self.title = name


class ListingTests(SynchronousTestCase):
    """Apps that are listed for a visitor of another app."""

    def listed(self, user_id, setting, rules=None, **visitor):
        accounts = [NamedAccount(name) for name in ("system", "github", "builtin")]
        access = app_access(app_authentication(*accounts), "admin", rules or Policy())
        given = Visitor(**visitor) if user_id != "anonymous" or rules else None
        return access.is_listed(listed_app(setting), user_id, given)

    def test_without_roles(self):
        """Open apps are listed for all, others for who signed in by a way that they take, and all
        for the administrator.
        """
        for user_id, setting, expected in (
            ("anonymous", "none", True),
            ("anonymous", "system", False),
            ("anonymous", "github", False),
            ("github:ann", "none", True),
            ("github:ann", "github", True),
            ("github:ann", "github,builtin", True),
            ("github:ann", "builtin", False),
            ("github:ann", "system", False),
            ("github_other:ann", "github", False),
            ("cert_staff", "github", False),
        ):
            self.assertEqual(self.listed(user_id, setting), expected, (user_id, setting))
        for setting in ("none", "system", "github", "default"):
            self.assertTrue(self.listed("admin", setting, is_admin=True))

    def test_with_roles(self):
        """With roles an app is listed for who may open it, or see it."""
        for role in ("clace-user", "clace-monitor", "opener"):
            rules = policy(grant("github:ann", role), roles={"opener": ("app:access",)})
            self.assertTrue(self.listed("github:ann", "system", rules), role)
            self.assertFalse(self.listed("github:ben", "github", rules), role)
        rules = policy(grant("group:ops"))
        self.assertTrue(self.listed("github:ann", "system", rules, groups=("ops",)))
        self.assertFalse(self.listed("anonymous", "none", rules))

    def test_tokens(self):
        """For a token only those apps are listed that it may open."""
        for permissions, expected in ((("app:access",), True), (("app:read",), False)):
            scope = Scope(permissions=permissions)
            self.assertEqual(
                self.listed("admin", "system", is_admin=False, scope=scope), False, permissions
            )
            self.assertEqual(self.listed("github:ann", "github", scope=scope), expected)


class StagingTests(SynchronousTestCase):
    def test_main_address(self):
        """A staging app is opened by the right on its production app."""
        rules = policy(grant("github:ann", "clace-user", "/closed"))
        access = app_access(app_authentication(), "admin", rules)
        identity = Identity(user_id="github:ann", assurance=Assurance.SSO)
        self.assertTrue(access._rights.may_open(identity, STAGED))
        self.assertFalse(access._rights.may_open(NOBODY, STAGED))
