"""Tests for ``clace.identity.sessions.authenticator``: who is let in, and who may sign in where."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from msgspec import Struct
from twisted.trial.unittest import SynchronousTestCase

from clace.cookies import session_cookie
from clace.credentials import Authorization, read_authorization
from clace.errors import NotAuthenticated, SignInNeeded
from clace.identity.sessions.authenticator import (
    BrowserSignIn,
    SignInRules,
    is_local,
    is_navigation,
)
from clace.interfaces import NewSession, SignedIn
from tests.support.sign_in import MemoryProvider, MemorySessionRows, OneAccount, make_sessions
from tests.support.sign_in import ways_of as ways

FORM, PROVIDER = ways(OneAccount()), ways(MemoryProvider())


class Head(Struct, kw_only=True):
    """The head of a request."""

    method: str = "GET"
    scheme: str = "https"
    host: str = "apps.example"
    target: str = "/"
    address: str = "192.0.2.1"
    reached: str = ""
    tls: Any = None
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}

    @property
    def authority(self) -> str:
        return f"{self.host}:8000"

    @property
    def authorization(self) -> Authorization:
        return read_authorization(self.header("authorization"))

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    def cookie(self, name: str) -> str | None:
        return self.cookies.get(name)


class RulesTests(SynchronousTestCase):
    def lets_in(self, head, by=FORM, **rules):
        everywhere = {"login_host": "auth.example", "provider_host": "auth.example"}
        return SignInRules(**{**everywhere, **rules}).lets_in(head, by)

    def test_forms_can_be_disabled(self):
        """Without the form only providers let anybody in."""
        for by, lets_in in ((FORM, False), (PROVIDER, True)):
            self.assertIs(self.lets_in(Head(), by, disable_form=True), lets_in)

    def test_has_a_place(self):
        """The form needs its host, and a provider the one that it sends browsers back to."""
        for by, missing, other in (
            (FORM, "login_host", "provider_host"),
            (PROVIDER, "provider_host", "login_host"),
        ):
            self.assertFalse(self.lets_in(Head(), by, **{missing: ""}))
            self.assertTrue(self.lets_in(Head(), by, **{other: ""}))

    def test_of_the_own_machine(self):
        """A sign-in on the visitor's own machine is for names of that machine."""
        for host, lets_in in (
            ("app.localhost", True),
            ("127.0.0.1", True),
            ("apps.example", False),
        ):
            for named in (True, False):
                told = {
                    "login_host": "auth.localhost",
                    "is_named": lambda _name, named=named: named,
                }
                self.assertIs(self.lets_in(Head(host=host), **told), lets_in, host)

    def test_comes_back_to_a_name_of_ours(self):
        """A name that this server is not meant to have could lead the state to a stranger."""
        named = {"is_named": {"apps.example"}.__contains__}
        for host, lets_in in (("apps.example", True), ("evil.example", False)):
            self.assertIs(self.lets_in(Head(host=host), **named), lets_in)

    def test_comes_back_to_an_address_of_ours(self):
        """An address has to be the one that the client reached, or one that is named."""
        named = {"is_named": {"192.0.2.9"}.__contains__}
        for host, reached, lets_in in (
            ("192.0.2.7", "192.0.2.7", True),
            ("192.0.2.7", "192.0.2.8", False),
            ("192.0.2.7", "", False),
            ("192.0.2.9", "", True),
            ("2001:db8:0::1", "2001:db8::1", True),
        ):
            head = Head(host=host, reached=reached)
            self.assertIs(self.lets_in(head, **named), lets_in, (host, reached))
        own = Head(host="127.0.0.1", scheme="http", reached="192.0.2.1")
        self.assertTrue(
            self.lets_in(own, login_host="auth.localhost", is_named=lambda _name: False)
        )

    def test_over_tls(self):
        """A cookie over plain HTTP is for the own machine, or where that was chosen."""
        for host, https_only, lets_in in (
            ("apps.example", True, False),
            ("apps.example", False, True),
            ("localhost", True, True),
        ):
            head = Head(host=host, scheme="http")
            self.assertIs(self.lets_in(head, https_only=https_only), lets_in, host)

    def test_own_machines(self):
        """Names below localhost and loopback addresses lead to the visitor's own machine."""
        for host, own in (
            ("localhost", True),
            ("a.localhost", True),
            ("127.0.0.9", True),
            ("[::1]", True),
            ("notlocalhost", False),
            ("localhost.example", False),
            ("192.0.2.1", False),
        ):
            self.assertIs(is_local(host), own, host)

    def test_navigations(self):
        """Only what a browser asks for a page is answered by the way to another one."""
        page, current = {"accept": "Text/HTML,*/*"}, "https://apps.example:8000/a"
        for method, headers, leads in (
            ("GET", page, True),
            ("HEAD", page, True),
            ("POST", page, False),
            ("GET", {"accept": "application/json"}, False),
            ("GET", {}, False),
            ("GET", {"hx-request": "true"}, True),
            ("POST", {"hx-request": "true", "hx-current-url": current}, True),
            ("POST", {"hx-request": "true", "hx-current-url": "https://evil.example/"}, False),
            ("POST", {"hx-request": "true"}, False),
        ):
            self.assertIs(is_navigation(Head(method=method, headers=headers)), leads, headers)


class SignInTests(SynchronousTestCase):
    def setUp(self):
        self.accounts = OneAccount()
        self.ann = OneAccount(name="builtin", user="ann", password="secret")
        self.rows = MemorySessionRows()
        self.sessions = make_sessions(self.rows)
        self.by = ways(self.accounts, self.ann, MemoryProvider())
        rules = SignInRules(login_host="auth.example", provider_host="auth.example")
        self.sign_in = BrowserSignIn("system", self.by, self.sessions, rules)

    def identify(self, **fields):
        return self.successResultOf(self.sign_in.identify(Head(**fields)))

    def refused(self, why=NotAuthenticated, **fields):
        return self.failureResultOf(self.sign_in.identify(Head(**fields)), why).value

    def basic(self, user, password):
        return {"authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}

    def session(self, way, *, host="apps.example", secure=True):
        """The cookies of a session that began by a way."""
        identity = way.accounts.named(way.accounts.user)
        new = NewSession(
            host=host,
            setting=way.name,
            signed_in=SignedIn(identity=identity, evidence={}),
            fingerprint=way.accounts.fingerprint(identity),
        )
        secret, _ = self.successResultOf(self.sessions.begin(new))
        return {session_cookie(way.name, secure=secure): secret}

    def test_passwords(self):
        """A password is tried once, by the way that knows its name, for the client's address."""
        self.assertEqual(self.identify(headers=self.basic("ann", "secret")).user_id, "ann")
        self.assertEqual(self.identify(headers=self.basic("admin", "right")).user_id, "admin")
        tries = [("admin", "192.0.2.1")], [("ann", "192.0.2.1")]
        self.assertEqual((self.accounts.tries, self.ann.tries), tries)
        self.refused(headers=self.basic("nobody", "right"))
        self.refused(headers={"authorization": "bAsic nonsense"})
        self.assertEqual(self.accounts.tries[1:], [("nobody", "192.0.2.1")])
        self.assertEqual(len(self.ann.tries), 1)

    def test_a_session_is_enough(self):
        """A session lets in, whatever else is sent that is no password, and leads nowhere."""
        cookies = self.session(self.by[1])
        for headers in ({}, {"authorization": "Bearer other"}):
            self.assertEqual(self.identify(cookies=cookies, headers=headers).user_id, "ann")
        self.sessions._live.clear()
        for _ in range(2):
            self.assertEqual(self.identify(cookies=cookies).user_id, "ann", "from the database")
            self.sessions._live.clear()
        self.refused(cookies=cookies, headers={"authorization": "bAsic nonsense"})

    def test_a_session_of_another_place(self):
        """A session lets in on its host, by its way, and in the cookie of its scheme."""
        cookies = self.session(self.by[1])
        self.refused(cookies=cookies, host="other.example")
        self.refused(cookies=cookies, scheme="http")
        (secret,) = cookies.values()
        self.refused(cookies={session_cookie("system", secure=True): secret})
        plain = self.session(self.by[1], secure=False)
        self.assertEqual(self.identify(cookies=plain, scheme="http").user_id, "ann")
        self.refused(cookies=plain)

    def test_a_session_of_who_has_changed(self):
        """A session whose user has changed ends, in memory or not, and no other one."""
        other = self.session(self.by[0])
        for is_live in (True, False):
            cookies = self.session(self.by[1])
            if not is_live:
                self.sessions._live.clear()
            self.ann.password += "!"
            self.refused(cookies=cookies)
            self.assertEqual([row.setting for row in self.rows.all()], ["system"])
        self.assertEqual(self.identify(cookies=other).user_id, "admin")

    def test_leads_to_the_sign_in(self):
        """A browser that asks for a page is led to the sign-in, others are told how to ask."""
        page = {"accept": "text/html"}
        self.assertEqual(self.refused(SignInNeeded, headers=page).setting, "system")
        self.assertEqual(self.refused().scheme, "Basic")
        self.assertIs(type(self.refused(headers=page, scheme="http")), NotAuthenticated)
        rules = SignInRules(login_host="auth.example", provider_host="auth.example")
        self.sign_in = BrowserSignIn("github", self.by[2:], self.sessions, rules)
        self.assertEqual(self.refused().scheme, "Bearer")
        self.assertEqual(self.refused(headers=self.basic("ann", "secret")).scheme, "Bearer")
        self.assertEqual(self.ann.tries, [])
