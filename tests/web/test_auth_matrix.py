"""Requests to apps: every auth setting, in every environment, by everybody who may ask."""

from base64 import b64encode
from itertools import product

from msgspec.structs import replace

from clace.identity.sessions import SignInRules
from clace.interfaces import NewSession, SignedIn
from clace.model.app import App, AppSettings
from clace.model.identity import Assurance, Identity
from tests.support.sign_in import OneAccount, app_authentication
from tests.web.login.flow_case import APP, FlowCase

PAGE, FORM, REFUSED = 200, 303, 401
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
}
OPEN = {"none"}
BASIC = {"system": "admin:right", "builtin": "ann:right"}
ENVIRONMENTS = {
    "production": App(id="app_prd_1", path="/a"),
    "staging": App(id="app_stg_1", path="/a", main_app="app_prd_1"),
    "preview": App(id="app_pre_1", path="/a", main_app="app_prd_1"),
    "dev": App(id="app_dev_1", path="/a", is_dev=True),
}


class MatrixTests(FlowCase):
    def more_accounts(self):
        return (OneAccount("builtin", "ann", "right", "Users"),)

    def setUp(self):
        super().setUp()
        self.secrets = {way.name: self.session(way) for way in self.auth.all_ways()}

    def session(self, way, host="apps.example"):
        """The secret of a session that began by this way."""
        identity = Identity(user_id=f"{way.name}:x", assurance=Assurance.SSO)
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
        return self.new_browser().get(f"{APP}/a", **headers)

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
