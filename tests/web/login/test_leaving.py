"""Signing out, on the app's host and by a provider."""

from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec.structs import replace
from zope.interface import implementer

from clace.errors import ProviderUnavailable, SignInRefused, StoreError
from clace.interfaces import (
    Departure,
    EndedElsewhere,
    IBackChannelLogout,
    ISingleSignOut,
    SessionChoice,
    SignedOut,
)
from tests.support.sign_in import MemoryProvider
from tests.web.login.flow_case import APP, FlowCase

LOGOUT = f"{APP}/_clace/logout"
BYE = "https://github.example/bye"


@implementer(IBackChannelLogout, ISingleSignOut)
class TalkativeProvider(MemoryProvider):
    """Tells of sign-outs, and has a page for them."""

    leave = Departure(BYE)

    async def sign_out(self, evidence):
        if self.error is not None:
            raise self.error
        return self.leave

    async def ended(self, parameters):
        if parameters.get("logout_token") != "good":
            raise SignInRefused("refused", "logout token: signature")
        return EndedElsewhere(subject=parameters.get("sub", ""), index=parameters.get("sid", ""))

    async def receive(self, notice):
        if "SAMLResponse" in notice.parameters:
            return SignedOut()
        if notice.parameters.get("SAMLRequest") != "good":
            raise SignInRefused("the request is not the provider's", "signature")
        answer = Departure(f"https://idp.example/slo?{len(notice.query or b'')}")
        return SignedOut(ended=(EndedElsewhere(subject="ann"),), answer=answer)

    def metadata(self):
        return b"<md/>"


class SignOutTests(FlowCase):
    def confirm(self, **headers):
        return self.browser.post(LOGOUT, {"redirect": "/a/x"}, **headers)

    def test_page(self):
        """The page says who is signed in, and asks before it does anything."""
        self.signed_in()
        page = self.browser.get(f"{LOGOUT}?redirect=/a/x")
        self.assertIn("<strong>admin</strong> (Administrator)", page.text)
        self.assertIn('name="redirect" value="/a/x"', page.text)
        self.assertEqual(len(self.rows.all()), 1)
        self.assertEqual(page.header("cache-control"), "no-store")

    def test_round_trip(self):
        """Signing out ends the session here and in the browser, and says so."""
        self.signed_in()
        (row,) = self.rows.all()
        gone = self.confirm()
        self.assertEqual(gone.status, 303)
        self.assertEqual(gone.location, "/_clace/logout?done=1&redirect=%2Fa%2Fx")
        self.assertNotIn("__Host-system_clace_session", self.browser.jars["apps.example"])
        self.assertEqual(self.rows.all(), ())
        done = self.browser.get(APP + gone.location)
        self.assertIn("You are signed out", done.text)
        self.assertIn('href="/a/x"', done.text)
        self.sent_to_sign_in()
        (deed,) = [event for event in self.audit if event.operation == "sign_out"]
        self.assertEqual((deed.user_id, deed.target), ("admin", "203.0.113.9"))
        self.assertEqual(deed.detail, f"session {row.name}")

    def test_not_signed_in(self):
        """Who is not signed in is told so, and may sign out all the same."""
        self.assertIn("You are not signed in", self.browser.get(LOGOUT).text)
        self.assertEqual(self.confirm().status, 303)

    def test_stale_cookies(self):
        """Cookies of sessions that are over are removed too."""
        self.signed_in()
        self.successResultOf(self.sessions.end(SessionChoice(), "test"))
        self.confirm()
        self.assertNotIn("__Host-system_clace_session", self.browser.jars["apps.example"])

    def test_other_sites(self):
        """A page of another site signs nobody out."""
        self.signed_in()
        for headers in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}):
            self.assertEqual(self.confirm(**headers).status, 403)
        self.assertEqual(len(self.rows.all()), 1)

    def test_failure_is_told(self):
        """If the session may still be there, the answer is no success."""
        self.signed_in()

        def fail(_digests):
            raise StoreError("cannot end sessions: disk full")

        self.rows.delete = fail
        answer = self.confirm()
        self.assertEqual(answer.status, 500)
        self.assertIsNone(answer.header("set-cookie"))
        self.assertEqual(len(self.rows.all()), 1)

    def test_redirects(self):
        """Only pages of the same host are led to."""
        for target in (
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/_clace/logout",
        ):
            page = self.browser.get(f"{LOGOUT}?{urlencode({'redirect': target})}")
            self.assertIn('<a href="/">', page.text)
            self.assertNotIn("evil", page.text)
            gone = self.browser.post(LOGOUT, {"redirect": target})
            self.assertEqual(parse_qs(urlsplit(gone.location).query)["redirect"], ["/"])


class ProviderSignOutTests(FlowCase):
    setting = "system,github"

    def make_providers(self):
        return TalkativeProvider(), MemoryProvider("saml_corp", "Corp")

    def sign_in_with(self, user, index="1"):
        browser = self.new_browser()
        back = self.back_from_provider(browser, user)
        self.assertEqual(browser.get(back.location).status, 303)
        return browser

    def back_from_provider(self, browser, user):
        """The answer to a browser that comes back, which sends it on to the app."""
        state = self.sent_to_sign_in(browser=browser).state
        gone = browser.get(f"{self.login_origin}/_clace/auth/login/github?state={state}")
        return browser.get(f"{APP}/_clace/auth/github/callback?state={gone.state}&code={user}")

    def names(self):
        return {row.identity.user_id for row in self.rows.all()}

    def test_leaves_for_the_provider(self):
        """Signing out leads to the page of the provider that ends its session."""
        browser = self.sign_in_with("ann")
        page = browser.post(LOGOUT, {})
        # A redirect would be stopped by the policy of the page whose form was sent.
        self.assertEqual((page.status, page.header("refresh")), (200, f"0; url={BYE}"))
        self.assertIn(f'href="{BYE}"', page.text)
        self.assertIn("Max-Age=0", page.header("set-cookie"))
        self.assertEqual(self.names(), set())

    def test_provider_wants_a_form(self):
        """A provider that is posted to gets its form, with the cookies removed."""
        browser = self.sign_in_with("ann")
        self.provider.leave = Departure("https://github.example/slo", (("SAMLRequest", "<x>"),))
        page = browser.post(LOGOUT, {})
        self.assertIn('name="SAMLRequest" value="&lt;x&gt;"', page.text)
        self.assertIn("Max-Age=0", page.header("set-cookie"))

    def test_provider_is_down(self):
        """A provider that does not answer keeps nobody signed in."""
        browser = self.sign_in_with("ann")
        self.provider.error = ProviderUnavailable("down")
        self.assertEqual(browser.post(LOGOUT, {}).location, "/_clace/logout?done=1")
        self.assertEqual(self.names(), set())

    def test_one_of_two(self):
        """The session of one way is ended alone."""
        browser = self.sign_in_with("ann")
        jar = browser.jars["apps.example"]
        self.signed_in()
        jar |= self.browser.jars["apps.example"]
        self.assertEqual(browser.post(f"{LOGOUT}/system", {}).location, "/")
        self.assertEqual(self.names(), {"github:ann"})
        self.assertIn("__Host-github_clace_session", jar)
        self.assertEqual(browser.post(f"{LOGOUT}/nobody", {}).status, 404)

    def test_two_at_once(self):
        """Every session of the browser on the host ends."""
        browser = self.sign_in_with("ann")
        self.signed_in()
        browser.jars["apps.example"] |= self.browser.jars["apps.example"]
        page = browser.get(LOGOUT)
        self.assertIn("admin", page.text)
        self.assertIn("github:ann", page.text)
        browser.post(LOGOUT, {})
        self.assertEqual(self.names(), set())

    def test_told_by_the_provider(self):
        """A provider's own message ends the sessions of the user that it names, and no others."""
        self.sign_in_with("ann")
        self.sign_in_with("bob")
        url = f"{APP}/_clace/auth/github/logout"
        refused = self.browser.post(url, {"logout_token": "bad", "sub": "ann"})
        self.assertEqual(refused.status, 400)
        self.assertEqual(self.names(), {"github:ann", "github:bob"})
        told = self.browser.post(url, {"logout_token": "good", "sub": "ann"})
        self.assertEqual(told.status, 200)
        self.assertEqual(self.names(), {"github:bob"})
        reasons = [event.detail for event in self.audit if event.status == "Failed"]
        self.assertEqual(reasons, ["by github: logout token: signature"])

    def test_told_before_the_session(self):
        """Nor does a sign-in of that user at the provider begin a session any more."""
        url = f"{APP}/_clace/auth/github/logout"
        for told, is_ended in (
            ({"sub": "bob"}, False),
            ({"sid": "index of bob"}, False),
            ({"sub": "ann"}, True),
            ({"sid": "index of ann"}, True),
        ):
            browser = self.new_browser()
            back = self.back_from_provider(browser, "ann")
            self.browser.post(url, {"logout_token": "good"} | told)
            answer = browser.get(back.location)
            self.assertEqual("expired" in answer.text, is_ended)

    def test_told_of_one_session(self):
        """A message about one session at the provider ends that one."""
        self.sign_in_with("ann")
        url = f"{APP}/_clace/auth/github/logout"
        self.browser.post(url, {"logout_token": "good", "sid": "token of bob"})
        self.assertEqual(self.names(), {"github:ann"})
        self.browser.post(url, {"logout_token": "good", "sid": "index of ann"})
        self.assertEqual(self.names(), set())

    def test_session_that_cannot_be_told_apart(self):
        """A session whose evidence does not open any more ends with any other of its provider."""
        self.sign_in_with("ann")
        (row,) = self.rows.all()
        self.rows.rows[row.digest] = replace(row, sealed=b"of another key")
        url = f"{APP}/_clace/auth/github/logout"
        self.browser.post(url, {"logout_token": "good", "sid": "index of bob"})
        self.assertEqual(self.names(), set())

    def test_single_sign_out(self):
        """A provider that sends the browser gets its answer by the browser."""
        self.sign_in_with("ann")
        url = f"{APP}/_clace/sso/github/slo"
        refused = self.browser.get(f"{url}?SAMLRequest=bad")
        self.assertEqual(refused.status, 403)
        self.assertEqual(self.names(), {"github:ann"})
        told = self.browser.get(f"{url}?SAMLRequest=good")
        self.assertEqual(told.location, "https://idp.example/slo?16")
        self.assertEqual(self.names(), set())
        self.assertIn("signed out", self.browser.get(f"{url}?SAMLResponse=x").text)

    def test_without_such_messages(self):
        """A provider that tells of nothing has no routes for it."""
        for path in ("auth/saml_corp/logout", "sso/saml_corp/slo", "auth/nobody/logout"):
            self.assertEqual(self.browser.post(f"{APP}/_clace/{path}", {}).status, 404)
        self.assertEqual(self.browser.get(f"{APP}/_clace/sso/saml_corp/metadata").status, 404)
        described = self.browser.get(f"{APP}/_clace/sso/github/metadata")
        self.assertEqual(described.header("content-type"), "application/samlmetadata+xml")
