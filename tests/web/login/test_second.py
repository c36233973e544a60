"""Second factors when signing in: asked for, enrolled, and passkeys alone."""

import hashlib
import re
from base64 import b64encode

import pyotp
from hypothesis import given, settings
from hypothesis import strategies as st

from clace.interfaces import FactorKind, SessionChoice
from clace.model.identity import Assurance
from clace.passwords import hash_password
from clace.web.login.second import WRONG_CODE
from tests.support.authenticator import PRESENT, Authenticator
from tests.web.login.flow_case import APP, LOGIN
from tests.web.login.people_case import (
    ANN,
    FACTOR,
    PASSKEY,
    PeopleCase,
    field,
    options,
    recovery_of,
)


class PasswordTests(PeopleCase):
    def test_without_factors(self):
        """A user without a factor signs in with the password, to the app and by Basic."""
        identity = self.arrives(self.by_password())
        self.assertEqual(identity.assurance, Assurance.PASSWORD)
        self.assertEqual(identity.groups, ("staff",))

    def test_basic_is_refused(self):
        """An account with a second factor cannot be used with the password alone."""
        credentials = "Basic " + b64encode(b"ann:sesame").decode()
        url = f"{APP}/a/x"
        self.assertEqual(self.browser.get(url, Authorization=credentials).status, 200)
        self.enrol_codes()
        refused = self.browser.get(url, Authorization=credentials)
        self.assertEqual(refused.status, 401)
        self.assertEqual(self.refused_sign_ins(), ["by password: the second factor is missing"])

    def test_one_lockout(self):
        """Failures at the form and by Basic are counted together, and lock both."""
        wrong, right = (
            "Basic " + b64encode(f"ann:{password}".encode()).decode()
            for password in ("wrong", "sesame")
        )
        url = f"{APP}/a/x"
        for _ in range(2):
            self.assertIn("Invalid", self.by_password(password="wrong").text)
            self.assertEqual(self.browser.get(url, Authorization=wrong).status, 401)
        self.assertIn("Invalid", self.by_password(password="wrong").text)
        self.assertEqual(self.browser.get(url, Authorization=right).status, 429)
        self.assertEqual(self.by_password().status, 429)
        self.assertEqual(self.refused_sign_ins(), ["by builtin: wrong password"] * 5)
        (locked,) = [event for event in self.audit if event.status == "Locked"]
        self.assertEqual(locked.detail, "by builtin: too many failed sign-ins")

    def test_older_sessions_end(self):
        """A session that began with the password alone ends with the enrolment of a factor."""
        for changed in (lambda _user_id: None, self.factors.changed):
            self.factors.changed = changed
            self.arrives(self.by_password())
            self.enrol_codes()
            self.assertEqual(self.browser.get(f"{APP}/a/x").status, 303)
            self.assertEqual(self.rows.all(), ())
            self.successResultOf(self.factors.reset(ANN))


class CodeTests(PeopleCase):
    def setUp(self):
        super().setUp()
        self.app, self.recovery = self.enrol_codes()

    def send(self, page, code):
        fields = {"state": page.state, "code": code}
        return self.browser.post(f"{FACTOR}/code", fields)

    def test_round_trip(self):
        """After the password comes the code, and then the app."""
        page = self.waiting()
        self.assertIn('autocomplete="one-time-code"', page.text)
        self.assertNotIn("<script", page.text)
        identity = self.arrives(self.send(page, self.code(self.app)))
        self.assertEqual(identity.assurance, Assurance.SECOND_FACTOR)

    def test_recovery_code(self):
        """A recovery code does as well, once."""
        self.arrives(self.send(self.waiting(), self.recovery[0]))
        self.browser = self.new_browser()
        self.assertIn(WRONG_CODE, self.send(self.waiting(), self.recovery[0]).text)

    def test_wrong_code(self):
        """A wrong code shows the page again, and nobody is signed in."""
        page = self.waiting()
        again = self.send(page, "000000")
        self.assertEqual(again.status, 200)
        self.assertIn(WRONG_CODE, again.text)
        self.assertNotIn("000000", again.text)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refused_sign_ins(), ["by code: wrong code"])
        self.arrives(self.send(again, self.code(self.app)))

    def test_replay(self):
        """A code that was used signs nobody else in."""
        code = self.code(self.app)
        self.arrives(self.send(self.waiting(), code))
        self.browser = self.new_browser()
        self.assertIn(WRONG_CODE, self.send(self.waiting(), code).text)

    def test_locks(self):
        """After five wrong codes the right one is refused, whatever password comes in between."""
        for _ in range(5):
            self.assertEqual(self.send(self.waiting(), "000000").status, 200)
        locked = self.send(self.waiting(), self.code(self.app))
        self.assertEqual(locked.status, 429)
        self.assertIn("Too many failed sign-ins", locked.text)
        self.assertEqual(self.rows.all(), ())

    def test_no_way_around(self):
        """The state of a waiting sign-in completes nothing, and is no state of the form."""
        page = self.waiting()
        for answer in (
            self.browser.get(f"{APP}/_clace/auth/login/complete?state={page.state}"),
            self.browser.get(f"{LOGIN}/_clace/auth/login?state={page.state}"),
            self.form(page.state, "ann", "sesame", "builtin"),
            self.browser.get(f"{LOGIN}/_clace/auth/login/github?state={page.state}"),
            self.browser.get(f"{APP}/_clace/auth/github/callback?state={page.state}&code=x"),
            self.browser.get(f"{PASSKEY}?state={page.state}"),
            self.browser.post(f"{FACTOR}/done", {"state": page.state}),
            self.browser.post(f"{FACTOR}/codes", {"state": page.state, "code": "000000"}),
            self.browser.post(f"{FACTOR}/new-passkey", {"state": page.state, "answer": "{}"}),
        ):
            self.assertIn("expired", answer.text)
        self.assertEqual(self.rows.all(), ())
        self.arrives(self.send(page, self.code(self.app)))

    def test_password_changed_meanwhile(self):
        """A password that was changed is worth nothing to who waits at the second factor, though
        the factors were taken away with it.
        """
        pages = [self.waiting() for _ in range(3)]
        other = hash_password("other sesame", cost=4)
        self.successResultOf(self.users.update("ann", other, None))
        self.assertIn("expired", self.send(pages[0], self.code(self.app)).text)
        self.successResultOf(self.factors.reset(ANN))
        for page, path in zip(pages[1:], ("done", "codes"), strict=True):
            given = {"state": page.state, "code": self.code(self.app)}
            self.assertIn("expired", self.browser.post(f"{FACTOR}/{path}", given).text)
            self.assertIn("expired", self.browser.get(f"{FACTOR}?state={page.state}").text)
        self.assertEqual(self.rows.all(), ())
        self.arrives(self.by_password(password="other sesame"))

    def test_password_changed_while_a_code_is_checked(self):
        """Nor is the session of use that a code begins after a change that nobody was told of."""
        self.users.changed = lambda _user_id: None
        page = self.waiting()
        proved = self.factors.prove_code

        async def slow(*given):
            await proved(*given)
            await self.users.update("ann", hash_password("other sesame", cost=4), None)

        self.factors.prove_code = slow
        done = self.browser.get(self.send(page, self.code(self.app)).location)
        self.assertEqual(done.status, 303)
        self.assertEqual(self.browser.get(f"{APP}/a/x").status, 303)
        self.assertEqual(self.rows.all(), ())

    def revoke(self, **choice):
        self.successResultOf(self.sessions.end(SessionChoice(**choice), "revoked"))

    def test_revoked_meanwhile(self):
        """Whoever waits at the second factor, or has proved it, begins anew after a revocation."""
        for choice in ({"user_id": ANN}, {}, {"setting": "builtin"}, {"host": "apps.example"}):
            waiting = self.waiting()
            proved = self.send(self.waiting(), self.code(self.app))
            self.revoke(**choice)
            self.assertIn("expired", self.browser.get(f"{FACTOR}?state={waiting.state}").text)
            self.clock.advance(30)
            self.assertIn("expired", self.send(waiting, self.code(self.app)).text)
            self.assertIn("expired", self.browser.get(proved.location).text)
            self.assertEqual(self.rows.all(), ())
            self.clock.advance(30)

    def test_others_revoked(self):
        """The sign-ins of others go on, and those of whoever has proved nothing."""
        asked = self.sent_to_sign_in().state
        proved = self.send(self.waiting(), self.code(self.app))
        self.revoke(user_id="builtin:bob")
        self.revoke(name="ses_x")
        self.revoke(setting="system")
        self.arrives(proved)
        self.revoke()
        self.assertEqual(self.form(asked, "ann", "sesame", "builtin").status, 303)

    def test_revoked_while_a_code_is_checked(self):
        """A code that is being checked at that moment begins no session."""
        page = self.waiting()
        proved = self.factors.prove_code

        async def slow(*given):
            await proved(*given)
            self.revoke(user_id=ANN)

        self.factors.prove_code = slow
        self.assertIn("expired", self.send(page, self.code(self.app)).text)

    def test_factor_lost_meanwhile(self):
        """A factor that is removed takes along the sign-ins that were proved with it."""
        proved = self.send(self.waiting(), self.code(self.app))
        self.successResultOf(self.factors.reset(ANN))
        self.assertIn("expired", self.browser.get(proved.location).text)

    def test_state_without_a_password(self):
        """The state of a sign-in whose password was not given cannot skip it."""
        state = self.sent_to_sign_in().state
        for path, code in (("code", self.code(self.app)), ("done", "")):
            answer = self.browser.post(f"{FACTOR}/{path}", {"state": state, "code": code})
            self.assertIn("expired", answer.text)
        self.assertIn("expired", self.browser.get(f"{FACTOR}?state={state}").text)

    def test_time(self):
        """The step after the password has five minutes."""
        page = self.waiting()
        self.clock.advance(300)
        self.assertIn("expired", self.send(page, self.code(self.app)).text)

    def test_administrator(self):
        """The administrator can have a factor too."""
        app, _ = self.enrol_codes("admin")
        page = self.waiting(user="admin", password="right", name="system")
        self.arrives(self.send(page, self.code(app)), "admin")

    def test_other_sites_cannot_post(self):
        """A page of another site cannot send a code."""
        page = self.waiting()
        fields = {"state": page.state, "code": self.code(self.app)}
        for path in ("code", "passkey", "codes", "new-passkey", "done"):
            answer = self.browser.post(f"{FACTOR}/{path}", fields, Origin="https://evil.example")
            self.assertEqual(answer.status, 403)

    def test_only_on_the_login_host(self):
        """The pages are on no host of apps."""
        page = self.waiting()
        self.assertEqual(
            self.browser.get(f"{APP}/_clace/auth/factor?state={page.state}").status, 404
        )

    @settings(max_examples=30, deadline=None)
    @given(st.text(max_size=50), st.text(max_size=50))
    def test_survives_any_fields(self, state, code):
        """Whatever a stranger sends is an expired or a wrong one."""
        answer = self.browser.post(f"{FACTOR}/code", {"state": state, "code": code})
        self.assertIn("expired", answer.text)


class RequiredTests(PeopleCase):
    is_required = True

    def test_password_changed_meanwhile(self):
        """Who knew a password before it was changed enrols no factor of their own."""
        page = self.waiting()
        self.successResultOf(self.users.update("ann", hash_password("other sesame", cost=4), None))
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
        code = self.code(pyotp.TOTP(secret))
        fields = {"state": page.state, "ticket": field(page, "ticket"), "code": code}
        self.assertIn("expired", self.browser.post(f"{FACTOR}/codes", fields).text)
        self.assertEqual(self.kinds(), set())

    def test_enrols_codes(self):
        """Who has no factor enrols one, sees the recovery codes, and goes on to the app."""
        page = self.waiting()
        self.assertIn("<svg", page.text)
        ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
        code = self.code(pyotp.TOTP(secret))
        fields = {"state": page.state, "ticket": ticket, "code": code}
        enrolled = self.browser.post(f"{FACTOR}/codes", fields)
        self.assertEqual(len(set(recovery_of(enrolled))), 10)
        self.assertEqual(self.rows.all(), ())
        done = self.browser.post(f"{FACTOR}/done", {"state": enrolled.state})
        identity = self.arrives(done)
        self.assertEqual(identity.assurance, Assurance.SECOND_FACTOR)
        self.assertIn(("change_account", ANN, "second factor enrolled"), self.deeds())

    def test_wrong_code(self):
        """A wrong code enrols nothing, and shows the same offer to an app that has it already."""
        page = self.waiting()
        fields = {"state": page.state, "ticket": field(page, "ticket"), "code": "000000"}
        again = self.browser.post(f"{FACTOR}/codes", fields)
        self.assertIn("The code is wrong", again.text)
        self.assertEqual(field(again, "ticket"), fields["ticket"])
        self.assertEqual(self.kinds(), set())

    def test_offer_of_nobody(self):
        """An offer that the page did not make enrols nothing, and the audit log has it."""
        page = self.waiting()
        for path, fields, reason in (
            ("codes", {"code": "000000"}, "codes: no such offer"),
            ("new-passkey", {"answer": "{}"}, "passkey: no such offer"),
        ):
            given = {"state": page.state, "ticket": "x"} | fields
            self.assertIn("expired", self.browser.post(f"{FACTOR}/{path}", given).text)
            self.assertEqual(self.refused_sign_ins()[-1], f"by enrolment: {reason}")
        self.assertEqual(self.kinds(), set())

    def test_enrols_a_passkey(self):
        """A passkey does as well."""
        page = self.waiting()
        key = Authenticator(LOGIN, "auth.apps.example")
        tickets = re.findall(r'name="ticket" value="([^"]+)"', page.text)
        fields = {
            "state": page.state,
            "ticket": tickets[-1],
            "answer": key.create(options(page)),
            "label": "My <key>",
        }
        enrolled = self.browser.post(f"{FACTOR}/new-passkey", fields)
        self.assertEqual(self.kinds(), {FactorKind.PASSKEY})
        self.arrives(self.browser.post(f"{FACTOR}/done", {"state": enrolled.state}))

    def test_basic_is_refused(self):
        """A password alone is worth nothing where a factor is required."""
        credentials = "Basic " + b64encode(b"ann:sesame").decode()
        self.assertEqual(self.browser.get(f"{APP}/a/x", Authorization=credentials).status, 401)
        self.assertEqual(self.refused_sign_ins(), ["by password: the second factor is missing"])


class PasskeyTests(PeopleCase):
    def setUp(self):
        super().setUp()
        self.key = self.enrol_passkey()

    def answered(self, page, url, **changes):
        fields = {
            "state": page.state,
            "ticket": field(page, "ticket"),
            "answer": self.key.get(options(page)),
        }
        return self.browser.post(url, fields | changes)

    def alone(self):
        """The page that asks for a passkey alone, by its link on the page to sign in."""
        state = self.sent_to_sign_in().state
        page = self.browser.get(f"{LOGIN}/_clace/auth/login?state={state}")
        link = re.search(r'href="(/_clace/auth/passkey[^"]*)"', page.text)[1]
        return self.browser.get(LOGIN + link)

    def test_after_a_password(self):
        """A passkey is the second step."""
        self.key.flags = PRESENT
        identity = self.arrives(self.answered(self.waiting(), f"{FACTOR}/passkey"))
        self.assertEqual(identity.assurance, Assurance.SECOND_FACTOR)

    def test_alone(self):
        """A passkey that checks its user signs in without a name or password."""
        identity = self.arrives(self.answered(self.alone(), PASSKEY))
        self.assertEqual(identity.assurance, Assurance.PASSKEY)
        self.assertEqual(identity.groups, ("staff",))

    def test_alone_needs_a_check_of_the_user(self):
        """Possession alone signs nobody in."""
        self.key.flags = PRESENT
        refused = self.answered(self.alone(), PASSKEY)
        self.assertIn("Authentication failed", refused.text)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refused_sign_ins(), ["by passkey: wrong passkey"])

    def test_user_who_may_not(self):
        """A passkey of a user whom the app does not admit signs nobody in."""
        self.setting = "system"
        refused = self.answered(self.alone(), PASSKEY)
        self.assertIn("nobody who may sign in here", refused.text)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refused_sign_ins(), ["by passkey: its user may not sign in here"])

    def test_user_who_is_gone(self):
        """A passkey of a user who was deleted signs nobody in."""
        page = self.alone()
        self.successResultOf(self.users.delete("ann"))
        self.assertIn("nobody who may sign in here", self.answered(page, PASSKEY).text)

    def test_challenge_of_another_page(self):
        """The challenge for the second step is none for a passkey alone, and the other way."""
        waiting, alone = self.waiting(), self.alone()
        for page, other, url in ((waiting, alone, PASSKEY), (alone, waiting, f"{FACTOR}/passkey")):
            refused = self.answered(page, url, state=other.state)
            self.assertIn("expired", refused.text)
        self.assertEqual(self.rows.all(), ())
        self.assertEqual(self.refused_sign_ins(), ["by passkey: passkey: no such challenge"] * 2)

    def test_policy(self):
        """The one script on the page is the one whose hash its policy names."""
        page = self.alone()
        (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = page.header("content-security-policy")
        self.assertIn(f"script-src 'sha256-{digest}';", policy)
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)

    def test_no_link_without_passkeys(self):
        """The link is there for a server whose users have passkeys."""
        self.successResultOf(self.factors.reset(ANN))
        state = self.sent_to_sign_in().state
        page = self.browser.get(f"{LOGIN}/_clace/auth/login?state={state}")
        self.assertNotIn("/_clace/auth/passkey", page.text)
