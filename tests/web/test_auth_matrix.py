"""Requests to apps: every auth setting, in every environment, by everybody who may ask."""

from base64 import b64encode
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from msgspec.structs import replace

from clace.identity.certificates import Authorities, CertificateTrail, certificate_kinds
from clace.identity.rbac import Authorisation
from clace.identity.sessions import SignInRules
from clace.interfaces import NewAPIToken, NewSession, SignedIn
from clace.model.app import App, AppSettings
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.web.apps.access import TokensForApps
from clace.web.apps.forwarding import ForwardedApps
from clace.web.apps.rights import AppRights
from tests.support.authority import Authority
from tests.support.memory_tokens import memory_tokens
from tests.support.sign_in import OneAccount, app_authentication
from tests.web.login.flow_case import APP, FlowCase
from tests.web.test_forwarding import Policy as ForwardPolicy

PAGE, FORM, REFUSED, DENIED = 200, 303, 401, 403
SETTINGS = (
    "none",
    "system",
    "builtin",
    "github",
    "saml_corp",
    "system,github",
    "builtin,saml_corp",
    "default",
    "rbac:system",
    "unknown",
    "system,unknown",
    "system,none",
    "system,system",
    "none+forward_unknown",
    "system+other",
    "",
    "cert",
    "cert_staff",
    "none+forward_policy",
    "default+forward_policy",
    "github+forward_policy",
)
# The ways of each setting; of those without, everybody or nobody gets in.
WAYS = {
    "system": {"system"},
    "builtin": {"builtin"},
    "github": {"github"},
    "saml_corp": {"saml_corp"},
    "system,github": {"system", "github"},
    "builtin,saml_corp": {"builtin", "saml_corp"},
    "default": {"system"},
    "rbac:system": {"system"},
    "default+forward_policy": {"system"},
    "github+forward_policy": {"github"},
}
OPEN = {"none", "none+forward_policy"}
BASIC = {"system": "admin:right", "builtin": "ann:right"}
ENVIRONMENTS = {
    "production": App(id="app_prd_1", path="/a"),
    "staging": App(id="app_stg_1", path="/a_cl_stage", main_app="app_prd_1"),
    "preview": App(id="app_pre_1", path="/a_cl_preview_x", main_app="app_prd_1"),
    "dev": App(id="app_dev_1", path="/a", is_dev=True),
}
WITH, WITHOUT, OWNER, ADMIN = "github:with", "github:without", "github:owner", "admin"
"""The first has a role on ``/a``, the second none, the third has made it."""
POLICY = Policy(
    enabled=True,
    roles={"visitor": ("app:access",)},
    grants=(Grant(users=(WITH,), roles=("visitor",), targets=("/a",)),),
)


class MatrixTests(FlowCase):
    def more_accounts(self):
        return (OneAccount("builtin", "ann", "right", "Users"),)

    def more_settings(self):
        ca = Path(self.mktemp())
        ca.write_bytes(Authority().pem())
        trail = CertificateTrail(self.events, self.clock)
        entries = {name: Authorities(ca, None, self.clock) for name in ("cert", "cert_staff")}
        return {
            "kinds": (certificate_kinds(entries, trail, disabled=False),),
            "forwards": ("policy",),
        }

    def setUp(self):
        super().setUp()
        self.policy = ForwardPolicy()
        self.access.forwarded = ForwardedApps(self.auth, {"policy": self.policy})
        self.tokens = memory_tokens(self.clock)
        self.access._tokens = TokensForApps(self.tokens, lambda _app: True)
        self.secrets = {way.name: self.session(way) for way in self.auth.all_ways()}

    def session(self, way, host="apps.example", user=""):
        """The secret of a session that began by this way."""
        identity = Identity(user_id=user or f"{way.name}:x", assurance=Assurance.SSO)
        if way.accounts:
            user = way.accounts.user
            identity = Identity(user_id=user, subject=user, assurance=Assurance.PASSWORD)
        new = NewSession(
            host=host,
            setting=way.name,
            signed_in=SignedIn(identity=identity),
            fingerprint=way.fingerprint(identity),
        )
        return self.successResultOf(self.sessions.begin(new))[0]

    def ask(self, app, setting, headers):
        served = replace(app, settings=AppSettings(authn_type=setting))
        self.apps.find = lambda _host, _path: served
        return self.new_browser().get(f"{APP}{app.path}", **headers)

    def rule(self, policy):
        """Let roles and grants decide besides from now on."""
        authorisation = Authorisation(policy, ADMIN, {"/a": OWNER}.get)
        self.access._rights = AppRights(authorisation, self.events)

    def token(self, user_id, *permissions, apps=("/a",)):
        """The headers of a program with a new token."""
        new = NewAPIToken(
            identity=Identity(user_id=user_id, assurance=Assurance.SSO),
            scope=Scope(permissions=permissions, apps=apps),
            expire_time=datetime(2100, 1, 1, tzinfo=UTC),
        )
        secret, _ = self.successResultOf(self.tokens.create(new))
        return {"Authorization": f"Bearer {secret}", "Accept": "*/*"}

    def cases(self):
        """Each setting with each environment."""
        return product(SETTINGS, ENVIRONMENTS.items())

    def test_every_way_is_in_the_table(self):
        """A new kind of sign-in needs its row here."""
        named = set().union(*WAYS.values())
        self.assertEqual({way.name for way in self.auth.all_ways()}, named)
        self.assertLessEqual(WAYS.keys() | OPEN, set(SETTINGS))

    def test_nobody(self):
        """A browser is sent to sign in where it can, a program is refused; nothing else is open."""
        for setting, (name, app) in self.cases():
            where = f"{setting} in {name}"
            closed = FORM if setting in WAYS else REFUSED
            expected = PAGE if setting in OPEN else closed
            self.assertEqual(self.ask(app, setting, {}).status, expected, where)
            program = self.ask(app, setting, {"Accept": "*/*"})
            self.assertEqual(program.status, PAGE if setting in OPEN else REFUSED, where)

    def test_passwords(self):
        """A password opens apps of its own kind alone; a wrong one closes them to its sender."""
        for setting, (name, app) in self.cases():
            for kind, login in BASIC.items():
                for password, is_right in ((login, True), (f"{login}x", False)):
                    encoded = b64encode(password.encode()).decode()
                    headers = {"Authorization": f"Basic {encoded}", "Accept": "*/*"}
                    lets_in = setting in OPEN or (is_right and kind in WAYS.get(setting, ()))
                    self.assertEqual(
                        self.ask(app, setting, headers).status,
                        PAGE if lets_in else REFUSED,
                        f"{password} at {setting} in {name}",
                    )

    def test_sessions(self):
        """A session opens apps of the way that it began by, on its host, under its own name."""
        for setting, (name, app) in self.cases():
            for kind, secret in self.secrets.items():
                lets_in = setting in OPEN or kind in WAYS.get(setting, ())
                for cookie, is_good in (
                    (f"__Host-{kind}_clace_session={secret}", True),
                    (f"{kind}_clace_session={secret}", False),
                    (f"__Host-{kind}_clace_session={secret[:-1]}x", False),
                    (f"__Host-{kind}_clace_session=a; __Host-{kind}_clace_session={secret}", False),
                ):
                    answer = self.ask(app, setting, {"Cookie": cookie, "Accept": "*/*"})
                    opens = setting in OPEN or (lets_in and is_good)
                    expected = PAGE if opens else REFUSED
                    self.assertEqual(answer.status, expected, f"{cookie} at {setting} in {name}")

    def test_tokens(self):
        """A token opens apps whose ways its user has, and an administrator's those with any, if
        both the token and the user may; it is no certificate, and opens nothing that is unknown.
        """
        for policy, refused_users in ((Policy(), ()), (POLICY, (WITHOUT,))):
            self.rule(policy)
            for user in (ADMIN, WITH, WITHOUT, OWNER):
                for headers, is_granted in (
                    (self.token(user, "app:access"), True),
                    (self.token(user), False),
                    (self.token(user, "app:access", apps=("/b",)), False),
                ):
                    may = is_granted and user not in refused_users
                    for setting, (name, app) in self.cases():
                        expected = self.status_of_token(setting, user, policy, may=may)
                        answer = self.ask(app, setting, headers)
                        self.assertEqual(answer.status, expected, (setting, name, user, policy))

    def status_of_token(self, setting, user, policy, *, may):
        """What a token gets that has what it takes, or not."""
        if setting in OPEN:
            # Nobody is asked who they are, so a token is not looked at.
            return DENIED if policy.enabled else PAGE
        ways = WAYS.get(setting)
        if not ways:
            return REFUSED
        is_known = user == ADMIN or "github" in ways
        return PAGE if may and is_known else DENIED

    def test_roles(self):
        """With roles a session opens an app by a grant or by ownership, besides the way that it
        began by; whoever is not signed in is refused, or sent to sign in, as before.
        """
        self.rule(POLICY)
        github = next(way for way in self.auth.all_ways() if way.name == "github")
        for user, may in ((WITH, True), (OWNER, True), (WITHOUT, False)):
            cookie = f"__Host-github_clace_session={self.session(github, user=user)}"
            for setting, (name, app) in self.cases():
                answer = self.ask(app, setting, {"Cookie": cookie, "Accept": "*/*"})
                if setting in OPEN:
                    expected = DENIED  # the visitor is nobody there, to whom nothing is granted
                elif "github" in WAYS.get(setting, ()):
                    expected = PAGE if may else DENIED
                else:
                    expected = REFUSED
                self.assertEqual(answer.status, expected, (setting, name, user))

    def test_forward_auth(self):
        """A server that is asked besides comes after the sign-in, and closes what that opened."""
        self.policy.status = DENIED
        for setting, (name, app) in self.cases():
            for kind, secret in self.secrets.items():
                cookie = f"__Host-{kind}_clace_session={secret}"
                answer = self.ask(app, setting, {"Cookie": cookie, "Accept": "*/*"})
                opens = setting in OPEN or kind in WAYS.get(setting, ())
                closed = DENIED if setting.endswith("+forward_policy") else PAGE
                expected = closed if opens else REFUSED
                self.assertEqual(answer.status, expected, (setting, name, kind))

    def test_secret_under_another_name(self):
        """The secret of one way is no session of another, nor on another host."""
        elsewhere = {way.name: self.session(way, "other.example") for way in self.auth.all_ways()}
        for setting, ways in WAYS.items():
            for kind, other in product(ways, self.secrets):
                for secret in (elsewhere[kind], *([self.secrets[other]] if other != kind else [])):
                    cookie = f"__Host-{kind}_clace_session={secret}"
                    app = ENVIRONMENTS["production"]
                    answer = self.ask(app, setting, {"Cookie": cookie, "Accept": "*/*"})
                    self.assertEqual(answer.status, REFUSED, f"{cookie} at {setting}")

    def test_other_schemes(self):
        """Credentials of another scheme are no credentials here, and none is let in by them."""
        for setting, (_, app) in self.cases():
            headers = {"Authorization": "Bearer x.y.z", "Accept": "*/*"}
            expected = PAGE if setting in OPEN else REFUSED
            self.assertEqual(self.ask(app, setting, headers).status, expected, setting)

    def test_required(self):
        """With security.auth_required apps set to none answer nobody."""
        auth = app_authentication(OneAccount(), required=True)
        self.assertFalse(auth.is_open("none"))
        self.access._auth = auth
        answer = self.ask(ENVIRONMENTS["production"], "none", {"Accept": "*/*"})
        self.assertEqual((answer.status, answer.text), (REFUSED, "Authentication required"))

    def test_without_a_form(self):
        """Without the form, over HTTP or without a login host, browsers are asked for passwords."""
        for options in (
            {"disable_form": True},
            {"login_host": ""},
            {"login_host": "auth.localhost"},
        ):
            rules = SignInRules(
                **{"login_host": "auth.apps.example", "provider_host": "apps.example"} | options
            )
            self.access._auth = app_authentication(
                OneAccount(), sessions=self.sessions, rules=rules
            )
            answer = self.ask(ENVIRONMENTS["production"], "system", {})
            self.assertEqual(answer.status, REFUSED, options)
            self.assertIn("Basic", answer.header("www-authenticate"))

    def test_over_plain_http(self):
        """Over HTTP the form is for the visitor's own machine, unless the operator says so."""
        for https_only, host, expected in (
            (True, "apps.example", REFUSED),
            (True, "localhost.evil.example", REFUSED),
            (True, "192.0.2.1", REFUSED),
            (True, "localhost", FORM),
            (True, "127.0.0.1", FORM),
            (True, "a.localhost", FORM),
            (False, "apps.example", FORM),
        ):
            rules = SignInRules(login_host="auth.apps.example", https_only=https_only)
            self.access._auth = app_authentication(
                OneAccount(), sessions=self.sessions, rules=rules
            )
            served = replace(ENVIRONMENTS["production"], settings=AppSettings("system"))
            self.apps.find = lambda _host, _path, served=served: served
            answer = self.new_browser().get(f"http://{host}/a")
            self.assertEqual(answer.status, expected, (https_only, host))
            cookie = answer.header("set-cookie") or ""
            self.assertNotIn("Secure", cookie)
            self.assertNotIn("__Host-", cookie)

    def test_names_that_are_not_ours(self):
        """A browser is sent to sign in from the names of this server and its address, for it
        comes back to the one that it used with what opens a session.
        """
        rules = SignInRules(
            login_host="auth.apps.example", is_named=lambda name: name == "apps.example"
        )
        self.access._auth = app_authentication(OneAccount(), sessions=self.sessions, rules=rules)
        served = replace(ENVIRONMENTS["production"], settings=AppSettings("system"))
        self.apps.find = lambda _host, _path: served
        for host, expected in (
            ("apps.example", FORM),
            ("evil.example", REFUSED),
            ("198.51.100.66", REFUSED),
            ("127.0.0.2", REFUSED),
        ):
            answer = self.new_browser().get(f"https://{host}/a")
            self.assertEqual(answer.status, expected, host)
            self.assertEqual(answer.header("set-cookie") is None, expected == REFUSED, host)

    def test_htmx(self):
        """HTMX is told where to go by its own header, and comes back to the page that it is on."""
        for current, target in (
            (f"{APP}/a/page?x=1", "/a/page?x=1"),
            ("https://evil.example/a", "/a/part"),
            ("", "/a/part"),
        ):
            headers = {"HX_Request": "true", "Accept": "*/*"}
            headers |= {"HX_Current_URL": current} if current else {}
            answer = self.browser.get(f"{APP}/a/part", **headers)
            self.assertEqual(answer.status, 200)
            (place,) = answer.headers.getRawHeaders("hx-redirect")
            state = place.partition("state=")[2]
            self.assertEqual(self.pending.look(state).target, target)

    def test_htmx_that_changes_something(self):
        """A click that would change something comes back to its page; without one it is refused."""
        current = {"HX_Current_URL": f"{APP}/a/page"}
        for headers, status in (
            (current, PAGE),
            ({}, REFUSED),
            ({"HX_Current_URL": "https://evil.example/a"}, REFUSED),
        ):
            answer = self.browser.post(f"{APP}/a/part", {}, HX_Request="true", **headers)
            self.assertEqual(answer.status, status, headers)
            if status == PAGE:
                (place,) = answer.headers.getRawHeaders("hx-redirect")
                target = self.pending.look(place.partition("state=")[2]).target
                self.assertEqual(target, "/a/page")
