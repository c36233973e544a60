"""A user's own account: password, factors, and the link of an invitation."""

import re
from base64 import b64encode

import pyotp
from twisted.internet.defer import Deferred

from clace.interfaces import FactorKind
from clace.web.login.account import AccountSteps
from clace.web.login.steps import OurRequest
from tests.support.authenticator import PRESENT, Authenticator
from tests.web.login.flow_case import APP, LOGIN
from tests.web.login.people_case import (
    ACCOUNT,
    ANN,
    INVITE,
    PASSKEY,
    PeopleCase,
    field,
    options,
    recovery_of,
)

NEW = "correct horse battery"


class AccountTests(PeopleCase):
    def change(self, current="sesame", new=NEW, again=NEW, **headers):
        fields = {"current": current, "new": new, "again": again}
        return self.browser.post(f"{ACCOUNT}/password", fields, **headers)

    def test_needs_a_session(self):
        """Without a session browsers go to sign in; a password in the head is not enough."""
        self.assertEqual(self.browser.get(ACCOUNT).status, 303)
        self.assertEqual(self.change().status, 401)
        basic = "Basic " + b64encode(b"ann:sesame").decode()
        self.assertEqual(self.browser.get(ACCOUNT, Authorization=basic).status, 403)
        self.assertEqual(self.change(Authorization=basic).status, 403)
        denied = ("access_denied", ANN, "account; without a session")
        self.assertEqual(self.deeds(), [denied] * 2)

    def test_only_on_the_login_host(self):
        """The pages are on no host of apps, where a session is no use for them."""
        self.arrives(self.by_password())
        self.assertEqual(self.browser.get(f"{APP}/_clace/auth/account").status, 404)

    def test_changes_the_password(self):
        """A new password holds at once, and ends all sessions."""
        self.arrives(self.by_password())
        self.signed_in_to_account()
        self.assertIn("Password changed", self.change().text)
        self.assertEqual(self.rows.all(), ())
        self.assertIn("Invalid", self.by_password().text)
        self.arrives(self.by_password(password=NEW))
        self.assertIn(("change_account", ANN, "password changed"), self.deeds())

    def test_refuses_passwords(self):
        """A wrong present one, two that differ, and those that break a rule change nothing."""
        self.signed_in_to_account()
        for given, reason in (
            ({"current": "wrong"}, "present password is wrong"),
            ({"again": "other"}, "are different"),
            ({"new": "short", "again": "short"}, "at least 12"),
            ({"new": "annannannann", "again": "annannannann"}, "name"),
            ({"new": "x" * 73, "again": "x" * 73}, "at most 72"),
        ):
            page = self.change(**given)
            self.assertIn(reason, page.text)
            self.assertNotIn("sesame", page.text)
        self.assertTrue(self.rows.all())

    def test_locks_guesses(self):
        """A stolen session does not guess the password for ever."""
        self.signed_in_to_account()
        for _ in range(5):
            self.change(current="wrong")
        self.assertIn("Too many failed sign-ins", self.change().text)

    def test_other_sites_cannot_post(self):
        """A page of another site cannot change anything."""
        self.signed_in_to_account()
        for path in ("password", "codes", "passkey", "remove", "recovery"):
            answer = self.browser.post(f"{ACCOUNT}/{path}", {}, Origin="https://evil.example")
            self.assertEqual(answer.status, 403)

    def test_administrator(self):
        """The administrator has factors here, and the password elsewhere."""
        sent = self.browser.get(ACCOUNT)
        self.browser.get(self.form(sent.state).location)
        page = self.browser.get(ACCOUNT)
        self.assertIn("admin", page.text)
        self.assertNotIn("Present password", page.text)
        self.assertIn("clace password --save", self.change().text)


class FactorTests(PeopleCase):
    def enrolled(self):
        """An app that was enrolled on the page, and the answer with recovery codes."""
        self.signed_in_to_account()
        page = self.browser.get(f"{ACCOUNT}/codes")
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1].replace(" ", "")
        app = pyotp.TOTP(secret)
        fields = {"ticket": field(page, "ticket"), "code": self.code(app)}
        return app, self.browser.post(f"{ACCOUNT}/codes", fields)

    def sign_in_again(self, app):
        self.clock.advance(30)
        sent = self.browser.get(ACCOUNT)
        if sent.status == 200:
            sent = self.browser.get(f"{ACCOUNT}/codes")
        waiting = self.form(sent.state, "ann", "sesame", "builtin")
        fields = {"state": waiting.state, "code": self.code(app)}
        proved = self.browser.post(f"{LOGIN}/_clace/auth/factor/code", fields)
        self.browser.get(proved.location)
        return self.browser.get(ACCOUNT)

    def test_enrols_an_app(self):
        """An app is enrolled by its first code; the account then asks for a code too."""
        app, enrolled = self.enrolled()
        self.assertIn("Recovery codes", enrolled.text)
        self.assertEqual(self.kinds(), {FactorKind.TOTP})
        self.assertEqual(self.browser.get(ACCOUNT).status, 303)
        page = self.sign_in_again(app)
        self.assertIn("Authenticator app", page.text)
        self.assertIn("10 recovery codes are left", page.text)

    def test_wrong_code(self):
        """A wrong code enrols nothing, and shows the same offer, whose next code is right."""
        self.signed_in_to_account()
        page = self.browser.get(f"{ACCOUNT}/codes")
        fields = {"ticket": field(page, "ticket"), "code": "000000"}
        again = self.browser.post(f"{ACCOUNT}/codes", fields)
        self.assertIn("The code is wrong", again.text)
        self.assertEqual(self.kinds(), set())
        self.assertEqual(field(again, "ticket"), field(page, "ticket"))
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)[1]
        self.assertIn(secret, again.text)
        fields["code"] = self.code(pyotp.TOTP(secret.replace(" ", "")))
        self.browser.post(f"{ACCOUNT}/codes", fields)
        self.assertEqual(self.kinds(), {FactorKind.TOTP})

    def test_enrols_a_passkey(self):
        """A passkey is enrolled under a label, which is text."""
        self.signed_in_to_account()
        page = self.browser.get(f"{ACCOUNT}/passkey")
        key = Authenticator(LOGIN, "auth.apps.example")
        fields = {
            "ticket": field(page, "ticket"),
            "answer": key.create(options(page)),
            "label": "<b>Key",
        }
        self.browser.post(f"{ACCOUNT}/passkey", fields)
        labels = [row.label for row in self.factor_rows.of(ANN)]
        self.assertIn("<b>Key", labels)

    def test_refuses_answers(self):
        """An answer that proves nothing enrols nothing."""
        self.signed_in_to_account()
        page = self.browser.get(f"{ACCOUNT}/passkey")
        fields = {"ticket": field(page, "ticket"), "answer": "{}", "label": ""}
        answer = self.browser.post(f"{ACCOUNT}/passkey", fields)
        self.assertIn("not accepted", answer.text)
        self.assertEqual(self.kinds(), set())

    def test_removes(self):
        """A factor is removed; with the last one the sessions end."""
        app, _ = self.enrolled()
        page = self.sign_in_again(app)
        self.assertIn("no such factor", self.browser.post(f"{ACCOUNT}/remove", {"id": "x"}).text)
        self.browser.post(f"{ACCOUNT}/remove", {"id": field(page, "id")})
        self.assertEqual(self.factor_rows.all(), ())
        self.assertEqual(self.rows.all(), ())

    def test_signed_in_long_ago(self):
        """A session of some time ago sees the account, but changes no factor before another
        sign-in: it may have been stolen.
        """
        app, _ = self.enrolled()
        page = self.sign_in_again(app)
        self.clock.advance(901)
        self.assertEqual(self.browser.get(ACCOUNT).status, 200)
        asked = [self.browser.get(f"{ACCOUNT}/{path}") for path in ("codes", "passkey")]
        asked += [
            self.browser.post(f"{ACCOUNT}/{path}", {"id": field(page, "id")})
            for path in ("codes", "passkey", "remove", "recovery")
        ]
        for answer in asked:
            self.assertEqual(answer.status, 303)
            self.assertIn("/_clace/auth/login?state=", answer.location)
        self.assertEqual(self.kinds(), {FactorKind.TOTP})
        page = self.sign_in_again(app)
        self.browser.post(f"{ACCOUNT}/remove", {"id": field(page, "id")})
        self.assertEqual(self.kinds(), set())

    def test_renews_recovery(self):
        """New recovery codes are shown once."""
        app, first = self.enrolled()
        self.sign_in_again(app)
        second = self.browser.post(f"{ACCOUNT}/recovery", {})
        self.assertEqual(len(recovery_of(second)), 10)
        self.assertFalse(set(recovery_of(second)) & set(recovery_of(first)))

    def test_no_recovery_without_a_factor(self):
        """Recovery codes alone are no factor."""
        self.signed_in_to_account()
        self.browser.post(f"{ACCOUNT}/recovery", {})
        self.assertEqual(self.factor_rows.all(), ())


class LoginHead:
    """The head of a request to the host with the pages."""

    host, origin, address = "auth.apps.example", LOGIN, "192.0.2.1"


class SlowFactors:
    """Second factors whose enrolment of passkeys waits."""

    def __init__(self, factors):
        self.factors = factors
        self.waiting = []

    def __getattr__(self, name):
        return getattr(self.factors, name)

    async def accept_passkey(self, *given):
        self.waiting.append(Deferred())
        await self.waiting[-1]
        return await self.factors.accept_passkey(*given)


class InvitationTests(PeopleCase):
    def setUp(self):
        super().setUp()
        invited = self.users.add("bob", "", (), invite=True)
        self.token = self.successResultOf(invited).token

    def accept(self, new=NEW, again=NEW, token=None, **headers):
        fields = {"token": token or self.token, "new": new, "again": again}
        return self.browser.post(INVITE, fields, **headers)

    def test_round_trip(self):
        """The link asks for a password, once, and the user signs in with it."""
        page = self.browser.get(f"{INVITE}?token={self.token}")
        self.assertIn("Welcome, bob", page.text)
        self.assertIn("The password is set", self.accept(token=field(page, "token")).text)
        self.arrives(self.by_password("bob", NEW), "builtin:bob")
        for used in (self.accept(), self.browser.get(f"{INVITE}?token={self.token}")):
            self.assertEqual(used.status, 410)
            self.assertIn("used already", used.text)
        self.assertIn(("change_account", "builtin:bob", "password set by a link"), self.deeds())

    def test_keeps_the_link(self):
        """A password that breaks a rule, or two that differ, leave the link."""
        self.assertIn("different", self.accept(again="other").text)
        self.assertIn("at least 12", self.accept("short", "short").text)
        self.assertIn("The password is set", self.accept().text)

    def test_unknown_links(self):
        """Other links tell nothing."""
        for token in ("", "x", "token999"):
            page = self.browser.get(f"{INVITE}?token={token}")
            self.assertIn("cannot be used", page.text)
            self.assertEqual(page.status, 410)
        self.assertIn("cannot be used", self.accept(token="token999").text)
        self.assertEqual(self.refused_sign_ins(), ["by link: unknown or used link"] * 4)
        self.assertIn("The password is set", self.accept().text)

    def use_passkey(self, key, page=None, **fields):
        page = page or self.browser.get(f"{INVITE}?token={self.token}")
        given = {
            "token": self.token,
            "ticket": field(page, "ticket"),
            "answer": key.create(options(page)),
        }
        return self.browser.post(f"{INVITE}/passkey", given | fields)

    def test_passkey_in_place_of_a_password(self):
        """A passkey does without a password; the link is used up, and no codes are kept."""
        key = Authenticator(LOGIN, "auth.apps.example")
        self.assertIn("The passkey is set", self.use_passkey(key).text)
        self.assertIn("used already", self.accept().text)
        self.assertEqual(len(self.factor_rows.of("builtin:bob")), 1)
        state = self.sent_to_sign_in().state
        page = self.browser.get(f"{PASSKEY}?state={state}")
        fields = {
            "state": state,
            "ticket": field(page, "ticket"),
            "answer": key.get(options(page)),
        }
        self.arrives(self.browser.post(PASSKEY, fields), "builtin:bob")
        self.browser = self.new_browser()
        for password in ("", NEW):
            self.assertIn("Invalid", self.by_password("bob", password).text)

    def test_two_at_once(self):
        """Of two who use one link at the same moment one gets in."""
        slow = SlowFactors(self.factors)
        account = AccountSteps(
            self.flow, self.auth, self.users, self.builtin, slow, self.events
        ).steps()
        used = []
        for key in (Authenticator(LOGIN, "auth.apps.example") for _ in range(2)):
            page = self.browser.get(f"{INVITE}?token={self.token}")
            form = {"token": self.token, "ticket": field(page, "ticket")}
            form["answer"] = key.create(options(page))
            asked = OurRequest(
                head=LoginHead(), way="", query=b"", parameters={}, form=form, body=None
            )
            used.append(Deferred.fromCoroutine(account["invitation_passkey"](asked)))
        while slow.waiting:
            slow.waiting.pop(0).callback(None)
        told = [self.successResultOf(each).body.decode() for each in used]
        self.assertIn("The passkey is set", told[0])
        self.assertIn("used already", told[1])
        self.assertEqual(len(self.factor_rows.of("builtin:bob")), 1)

    def test_passkey_that_does_not_check_its_user(self):
        """Possession alone does not replace a password; the link stays."""
        key = Authenticator(LOGIN, "auth.apps.example")
        key.flags = PRESENT
        self.assertIn("not accepted", self.use_passkey(key).text)
        self.assertEqual(self.factor_rows.all(), ())
        self.assertEqual(
            self.refused_sign_ins(), ["by link: passkey enrolment: InvalidRegistrationResponse"]
        )
        self.assertIn("The password is set", self.accept().text)

    def test_no_way_around_factors(self):
        """A link offers no passkey to a user who has a factor, and takes none."""
        page = self.browser.get(f"{INVITE}?token={self.token}")
        self.enrol_codes("builtin:bob")
        key = Authenticator(LOGIN, "auth.apps.example")
        refused = self.use_passkey(key, page)
        self.assertIn("Choose a password", refused.text)
        self.assertNotIn("<script", refused.text)
        self.assertEqual(self.kinds("builtin:bob"), {FactorKind.TOTP})

    def test_passkey_of_another_link(self):
        """The offer of one user is none for another, and a used link enrols nothing."""
        page = self.browser.get(f"{INVITE}?token={self.token}")
        other = self.successResultOf(self.users.add("eve", "", (), invite=True)).token
        key = Authenticator(LOGIN, "auth.apps.example")
        self.assertIn("expired", self.use_passkey(key, page, token=other).text)
        self.accept()
        self.assertIn("used already", self.use_passkey(key, page).text)
        self.assertEqual(self.factor_rows.all(), ())
        self.assertEqual(
            self.refused_sign_ins(),
            ["by link: passkey: no such offer", "by link: unknown or used link"],
        )

    def test_other_sites_cannot_post(self):
        """A page of another site cannot choose the password."""
        self.assertEqual(self.accept(Origin="https://evil.example").status, 403)
