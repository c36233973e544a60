"""Signing in with a browser, in memory: from an app to the form or a provider, and back."""

import re
from base64 import b64encode
from urllib.parse import urlencode

from clace.errors import LockedOut, ProviderUnavailable, SignInRefused
from clace.interfaces import SessionChoice
from clace.web.login.flow import MIXED_UP, OTHER_BROWSER, UNASKED
from clace.web.login.states import ASKED_SECONDS, PROVED_SECONDS
from tests.web.login.flow_case import APP, LOGIN, FlowCase

VISITOR = "203.0.113.9"


class FormTests(FlowCase):
    def test_round_trip(self):
        """From the app to the form, and with the right password back to the page that was asked."""
        sent = self.sent_to_sign_in()
        self.assertTrue(sent.location.startswith(f"{LOGIN}/_clace/auth/login?state="))
        page = self.browser.get(sent.location)
        self.assertEqual(page.status, 200)
        self.assertIn("apps.example", page.text)
        proved = self.form(page.state)
        self.assertTrue(proved.location.startswith(f"{APP}/_clace/auth/login/complete?state="))
        done = self.browser.get(proved.location)
        self.assertEqual((done.status, done.location), (303, "/a/x?y=1"))
        self.assertEqual(self.browser.get(f"{APP}/a/x?y=1").text, "<p>")
        (seen,) = self.apps.seen
        self.assertEqual(seen.user_id, "admin")
        self.assertNotIn("Cookie", seen.headers)

    def test_cookie(self):
        """The cookie of a session is for this host over HTTPS alone, and for no script."""
        done = self.signed_in()
        name, _, attributes = done.header("set-cookie").partition("=")
        self.assertEqual(name, "__Host-system_clace_session")
        for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=86400"):
            self.assertIn(f"; {attribute}", attributes)
        self.assertNotIn("Domain", attributes)

    def test_recorded(self):
        """The audit log has who came, from where, by which way, and the session."""
        self.signed_in()
        (event,), (row,) = self.audit, self.rows.all()
        self.assertEqual(
            (event.operation, event.status, event.user_id, event.target, event.detail),
            ("sign_in", "Success", "admin", VISITOR, f"by system: password; session {row.name}"),
        )
        self.assertEqual(self.account.tries, [("admin", VISITOR)])

    def test_port(self):
        """The page to sign in is on the port that the app was asked for on."""
        answer = self.browser.get(f"{APP}:8443/a")
        self.assertTrue(answer.location.startswith(f"{LOGIN}:8443/"), answer.location)
        self.assertIn("; Max-Age=300;", answer.header("set-cookie"))

    def test_missing_fields(self):
        """A form without a name or a password is a wrong one, and one for no way leads nowhere."""
        for gone in ("system-username", "system-password"):
            state = self.sent_to_sign_in().state
            fields = {"state": state, "system-username": "admin", "system-password": "right"}
            del fields[gone]
            answer = self.browser.post(f"{LOGIN}/_clace/auth/login/system", fields)
            self.assertIn("Invalid username or password", answer.text)
        self.assertIn("expired", self.browser.post(f"{LOGIN}/_clace/auth/login/system", {}).text)
        for name in ("github", "builtin", "nobody"):
            self.assertEqual(self.form(state, name=name).status, 404)
        self.assertEqual(self.rows.all(), ())

    def test_wrong_password(self):
        """The form comes again with the name, not with the password, and begins nothing."""
        state = self.sent_to_sign_in().state
        for user, password in (("admin", "wrong<&"), ('no"body', "right")):
            again = self.form(state, user, password)
            self.assertEqual(again.status, 200)
            self.assertIn("Invalid username or password", again.text)
            self.assertNotIn("wrong", again.text)
            self.assertIn('role="alert"', again.text)
            self.assertIsNone(again.header("set-cookie"))
        self.assertIn('value="no&quot;body"', again.text)
        self.assertEqual(self.rows.all(), ())

    def test_locked_out(self):
        """Too many failures are told, with the time until the next try."""
        self.account.error = LockedOut("too many failed sign-ins; try again in 9 minutes", 540)
        answer = self.form(self.sent_to_sign_in().state)
        self.assertEqual(answer.status, 429)
        self.assertIn("try again in 9 minutes", answer.text)

    def test_state_counts_once(self):
        """Neither the state of the form nor the one that it leads to is good for a second use."""
        state = self.sent_to_sign_in().state
        proved = self.form(state)
        used = self.form(state)
        self.assertEqual(self.browser.get(proved.location).status, 303)
        for again in (used, self.browser.get(proved.location)):
            self.assertIn("expired", again.text)
            self.assertEqual(again.status, 410)
        self.assertEqual(len(self.rows.all()), 1)

    def test_times(self):
        """The form has five minutes, the way back one."""
        state = self.sent_to_sign_in().state
        self.clock.advance(ASKED_SECONDS - 1)
        proved = self.form(state)
        self.clock.advance(PROVED_SECONDS)
        self.assertIn("expired", self.browser.get(proved.location).text)
        state = self.sent_to_sign_in().state
        self.clock.advance(ASKED_SECONDS)
        self.assertIn("expired", self.form(state).text)
        self.assertEqual(self.rows.all(), ())

    def test_of_another_browser(self):
        """A link that ends the sign-in of somebody else signs nobody in: neither the browser that
        follows it, nor, since it was seen there, the one that began.
        """
        for has_begun in (False, True):
            proved = self.form(self.sent_to_sign_in().state)
            victim = self.new_browser()
            if has_begun:
                self.sent_to_sign_in(browser=victim)
            self.assertIn("expired", victim.get(proved.location).text)
            self.assertIn("expired", self.browser.get(proved.location).text)
            self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refused_sign_ins(), [f"by system: {OTHER_BROWSER}"] * 2)

    def test_of_another_host(self):
        """A sign-in ends on the host that it began on."""
        proved = self.form(self.sent_to_sign_in().state)
        self.browser.jars["other.example"] = self.browser.jars["apps.example"]
        elsewhere = proved.location.replace("apps.example", "other.example")
        self.assertIn("expired", self.browser.get(elsewhere).text)
        self.assertIn("expired", self.browser.get(proved.location).text)
        plain = self.form(self.sent_to_sign_in().state).location.replace("https", "http")
        self.assertIn("expired", self.browser.get(plain).text)
        self.assertEqual(self.refused_sign_ins(), [f"by system: {OTHER_BROWSER}"] * 2)

    def test_two_tabs(self):
        """Two tabs of a browser may sign in at the same time."""
        states = [self.sent_to_sign_in(path).state for path in ("/a/1", "/a/2")]
        proved = [self.form(state) for state in states]
        targets = [self.browser.get(each.location).location for each in proved]
        self.assertEqual(targets, ["/a/1", "/a/2"])

    def test_nonce_that_is_none_of_ours(self):
        """A cookie that could not be a nonce is replaced, and one that comes twice too."""
        name = "__Host-clace_sign_in"
        for cookie in (f"{name}=x", f"{name}={'a' * 44}", f"{name}={'a' * 43}; {name}={'b' * 43}"):
            answer = self.new_browser().get(f"{APP}/a", Cookie=cookie)
            told = answer.header("set-cookie").partition(";")[0]
            self.assertNotIn(told, cookie)
        kept = f"{name}={'a' * 43}"
        answer = self.new_browser().get(f"{APP}/a", Cookie=kept)
        self.assertTrue(answer.header("set-cookie").startswith(kept))

    def test_new_sign_in_replaces_the_old(self):
        """The id of a session is never used again: a new sign-in ends the session before."""
        self.signed_in()
        (first,) = self.rows.all()
        ends = []
        self.sessions.tell_end = lambda *told: ends.append(told)
        self.browser.get(self.form_again().location)
        (second,) = self.rows.all()
        self.assertNotEqual(first.digest, second.digest)
        self.assertEqual([(one.name, why) for one, why in ends], [(first.name, "a new sign-in")])

    def form_again(self):
        """A proved sign-in of a browser that has a session."""
        jar = self.browser.jars["apps.example"]
        session = jar.pop("__Host-system_clace_session")
        state = self.sent_to_sign_in().state
        jar["__Host-system_clace_session"] = session
        return self.form(state)

    def test_other_sites_cannot_post(self):
        """A page of another site cannot send the form."""
        state = self.sent_to_sign_in().state
        fields = {"state": state, "system-username": "admin", "system-password": "right"}
        url = f"{LOGIN}/_clace/auth/login/system"
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site"}):
            self.assertEqual(self.browser.post(url, fields, **headers).status, 403)
        self.assertEqual(self.account.tries, [])

    def test_only_on_the_login_host(self):
        """The form is nowhere but on the server's own host."""
        sent = self.sent_to_sign_in()
        for host in ("apps.example", "other.example"):
            there = sent.location.replace("auth.apps.example", host)
            self.assertEqual(self.browser.get(there).status, 404)
            there = f"https://{host}/_clace/auth/login/system"
            self.assertEqual(self.browser.post(there, {"state": sent.state}).status, 404)

    def test_page(self):
        """The page needs no script, stays out of frames and caches, and may lead to the app."""
        page = self.browser.get(self.sent_to_sign_in().location)
        policy = page.header("content-security-policy")
        self.assertIn(f"form-action 'self' {APP};", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertEqual(page.header("cache-control"), "no-store")
        self.assertEqual(page.header("x-frame-options"), "DENY")
        self.assertNotIn("<script", page.text)
        self.assertIn('autocomplete="username"', page.text)
        self.assertIn('autocomplete="current-password"', page.text)

    def test_password_change_ends_sessions(self):
        """A session that began with the old password is over with it."""
        self.signed_in()
        self.assertEqual(self.browser.get(f"{APP}/a").status, 200)
        self.account.password = "new"
        self.sent_to_sign_in()
        self.assertEqual(self.rows.all(), ())

    def test_basic_stays(self):
        """A client that sends a password gets the page, and one that sends a wrong one does not."""
        for password, status in (("right", 200), ("wrong", 401)):
            login = b64encode(f"admin:{password}".encode()).decode()
            answer = self.new_browser().get(f"{APP}/a", Authorization=f"Basic {login}")
            self.assertEqual(answer.status, status)
        self.assertIn("Basic", answer.header("www-authenticate"))

    def test_programs_are_asked_for_a_password(self):
        """Whoever takes no page is challenged as before."""
        answer = self.browser.get(f"{APP}/a", Accept="application/json")
        self.assertEqual(answer.status, 401)
        self.assertIn("Basic", answer.header("www-authenticate"))
        self.assertEqual(self.browser.post(f"{APP}/a", {"x": "1"}).status, 401)

    def test_revoked(self):
        """A session that was ended asks for a new sign-in."""
        self.signed_in()
        self.successResultOf(self.sessions.end(SessionChoice(user_id="admin"), "test"))
        self.sent_to_sign_in()


class ProviderTests(FlowCase):
    setting = "github"

    def leave(self):
        """The state that the provider was given."""
        sent = self.sent_to_sign_in()
        self.assertTrue(sent.location.startswith(f"{APP}/_clace/auth/login?"), sent.location)
        gone = self.browser.get(sent.location.replace(APP, LOGIN))
        self.assertTrue(gone.location.startswith("https://github.example/authorize?state="))
        return gone.state

    def callback(self, state, name="github", **parameters):
        query = urlencode({"state": state} | parameters)
        return self.browser.get(f"{APP}/_clace/auth/{name}/callback?{query}")

    def test_round_trip(self):
        """From the app straight to its only provider, and back to the page that was asked."""
        done = self.browser.get(self.callback(self.leave(), code="ann").location)
        self.assertEqual(done.location, "/a/x?y=1")
        self.assertEqual(self.browser.get(f"{APP}/a").status, 200)
        self.assertEqual(self.apps.seen[0].user_id, "github:ann")
        (row,) = self.rows.all()
        self.assertEqual((row.setting, row.fingerprint), ("github", "github 1"))
        evidence = self.successResultOf(self.sessions.evidence(row))
        self.assertEqual(evidence, {"index": "index of ann"})

    def test_answer_counts_once(self):
        """A second answer with the same state is not even looked at."""
        state = self.leave()
        self.callback(state, code="ann")
        self.assertIn("expired", self.callback(state, code="ann").text)
        self.assertEqual(len(self.provider.arrivals), 1)
        self.assertEqual(self.refused_sign_ins(), [f"by github: {UNASKED}"])

    def test_unknown_provider(self):
        """A callback of a provider that is not configured is no news, whatever its name is."""
        self.assertIn("expired", self.callback("x", "nobody", code="ann").text)
        self.assertEqual(self.refused_sign_ins(), [])

    def test_refused(self):
        """A provider that says no leads to a page that says so, and the state is used up."""
        self.provider.error = None
        state = self.leave()
        self.provider.error = SignInRefused("your account is not let in here", "hosted domain")
        answer = self.callback(state, code="ann")
        self.assertEqual(answer.status, 403)
        self.assertIn("Your account is not let in here", answer.text)
        self.assertNotIn("hosted domain", answer.text)
        self.assertEqual(self.refused_sign_ins(), ["by github: hosted domain"])
        self.provider.error = None
        self.assertIn("expired", self.callback(state, code="ann").text)

    def test_down(self):
        """A provider that is down leads to a page that says so, and the audit log has it."""
        sent = self.sent_to_sign_in()
        self.provider.error = ProviderUnavailable("GitHub does not answer")
        answer = self.browser.get(sent.location.replace(APP, LOGIN))
        self.assertEqual(answer.status, 502)
        self.assertIn("GitHub does not answer", answer.text)
        self.provider.error = None
        self.assertEqual(self.browser.get(sent.location.replace(APP, LOGIN)).status, 303)
        (event,) = self.audit
        self.assertEqual(
            (event.operation, event.status, event.target, event.detail),
            ("sign_in", "Failed", VISITOR, "by github: provider unavailable"),
        )

    def test_of_another_provider(self):
        """The answer of one provider does not end the sign-in with another."""
        state = self.leave()
        self.assertIn("expired", self.callback(state, "saml_corp", code="ann").text)
        self.assertEqual(self.refused_sign_ins(), [f"by saml_corp: {MIXED_UP}"])
        self.assertEqual(self.callback(state, code="ann").status, 303)

    def test_state_of_the_page(self):
        """A provider is not told the state of the page, and its own is good for its answer alone,
        so that it can end the sign-in in no other way.
        """
        sent = self.sent_to_sign_in()
        gone = self.browser.get(sent.location.replace(APP, LOGIN))
        self.assertNotEqual(gone.state, sent.state)
        for answer in (
            self.browser.get(f"{LOGIN}/_clace/auth/login?state={gone.state}"),
            self.browser.get(f"{LOGIN}/_clace/auth/login/github?state={gone.state}"),
            self.form(gone.state),
            self.browser.get(f"{APP}/_clace/auth/login/complete?state={gone.state}"),
        ):
            self.assertIn("expired", answer.text)
        self.assertEqual(self.callback(gone.state, code="ann").status, 303)

    def test_one_answer_of_one_page(self):
        """Of two answers to one page the first counts, and then the page no more."""
        page = self.sent_to_sign_in().location.replace(APP, LOGIN)
        first, second = (self.browser.get(page).state for _ in range(2))
        self.assertEqual(self.callback(second, code="ann").status, 303)
        self.assertIn("expired", self.callback(first, code="ann").text)
        self.assertEqual(self.refused_sign_ins(), [f"by github: {UNASKED}"])
        self.assertIn("expired", self.browser.get(page).text)
        self.assertEqual(len(self.provider.arrivals), 1)

    def test_time_at_the_provider(self):
        """The minutes of the page include those at the provider."""
        sent = self.sent_to_sign_in()
        self.clock.advance(ASKED_SECONDS - 1)
        state = self.browser.get(sent.location.replace(APP, LOGIN)).state
        self.clock.advance(1)
        self.assertIn("expired", self.callback(state, code="ann").text)

    def test_before_it_left(self):
        """The state of a sign-in that has not left for a provider is no use at its callback."""
        state = self.sent_to_sign_in().state
        self.assertIn("expired", self.callback(state, code="ann").text)
        self.assertEqual(self.refused_sign_ins(), [f"by github: {MIXED_UP}"])

    def test_changed_entry(self):
        """A change of the provider's entry ends its sessions."""
        self.browser.get(self.callback(self.leave(), code="ann").location)
        self.provider.fingerprint = "github 2"
        self.sent_to_sign_in()
        self.assertEqual(self.rows.all(), ())

    def test_programs(self):
        """A client that takes no page is told that a token would do."""
        answer = self.browser.get(f"{APP}/a", Accept="application/json")
        self.assertEqual(answer.status, 401)
        self.assertIn("Bearer", answer.header("www-authenticate"))


class ProvidersTests(FlowCase):
    setting = "github,saml_corp"

    def test_state_of_one_provider(self):
        """A provider that takes the state it was given to another one gets nowhere with it."""
        sent = self.sent_to_sign_in()
        gone = self.browser.get(f"{LOGIN}/_clace/auth/login/github?state={sent.state}")
        other = self.browser.get(f"{LOGIN}/_clace/auth/login/saml_corp?state={gone.state}")
        self.assertIn("expired", other.text)

    def test_choice(self):
        """A choice among providers alone is on the host with the pages, and leads to each."""
        sent = self.sent_to_sign_in()
        self.assertTrue(sent.location.startswith(f"{LOGIN}/_clace/auth/login?"), sent.location)
        page = self.browser.get(sent.location)
        self.assertIn("Sign in with GitHub", page.text)
        gone = self.browser.get(f"{LOGIN}/_clace/auth/login/github?state={sent.state}")
        self.assertTrue(gone.location.startswith("https://github.example/"), gone.location)


class ChoiceTests(FlowCase):
    setting = "system,github,saml_corp"

    def test_page(self):
        """An app that allows several ways has a page with all of them."""
        page = self.browser.get(self.sent_to_sign_in().location)
        for text in ("Sign in with GitHub", "Sign in with Corp", "system-password"):
            self.assertIn(text, page.text)

    def test_posts_a_form(self):
        """A provider that wants a form gets it by a button, and its answer by a form too."""
        state = self.sent_to_sign_in().state
        page = self.browser.get(f"{LOGIN}/_clace/auth/login/saml_corp?state={state}")
        self.assertIn('action="https://saml_corp.example/authorize"', page.text)
        policy = page.header("content-security-policy")
        self.assertIn("form-action https://saml_corp.example;", policy)
        (relayed,) = re.findall('name="RelayState" value="([^"]+)"', page.text)
        fields = {"RelayState": relayed, "code": "ann"}
        back = self.browser.post(
            f"{APP}/_clace/sso/saml_corp/acs", fields, Origin="https://saml_corp.example"
        )
        self.assertEqual(self.browser.get(back.location).location, "/a/x?y=1")
        (row,) = self.rows.all()
        self.assertEqual(row.setting, "saml_corp")

    def test_escapes(self):
        """An answer as large as it may be is read, and one of escapes alone is not."""
        lines = "\r\n".join(["+/" + "a" * 74] * 5_700)
        there = f"{APP}/_clace/sso/saml_corp/acs"
        answer = self.browser.post(there, {"RelayState": "x", "SAMLResponse": lines})
        self.assertIn("expired", answer.text)
        for text in ("%" * 400_000, "%2f" * 100_000):
            answer = self.browser.post_text(there, text)
            self.assertEqual(answer.status, 400)
            self.assertIn("Too many escapes", answer.text)

    def test_unknown_choice(self):
        """A way that the app does not allow cannot be chosen."""
        state = self.sent_to_sign_in().state
        for name in ("none", "builtin", "gitlab"):
            answer = self.browser.get(f"{LOGIN}/_clace/auth/login/{name}?state={state}")
            self.assertEqual(answer.status, 404)
