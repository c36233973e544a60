"""A server in memory with users of its own and their second factors."""

import html
import re

import pyotp

from clace.identity.passwords import SignIns, SignInTrail
from clace.identity.users import BuiltinAccounts
from clace.interfaces import FactorKind, RelyingParty, SessionChoice
from clace.passwords import hash_password
from clace.web.login.account import AccountSteps
from clace.web.login.second import SecondStep
from tests.support.authenticator import Authenticator
from tests.support.memory_factors import MemoryFactorRows, memory_factors
from tests.support.memory_users import MemoryUserRows, memory_users
from tests.support.threads import at_once
from tests.web.login.flow_case import LOGIN, FlowCase

HASH = hash_password("sesame", cost=4)
ANN = "builtin:ann"
ACCOUNT = f"{LOGIN}/_clace/auth/account"
FACTOR = f"{LOGIN}/_clace/auth/factor"
PASSKEY = f"{LOGIN}/_clace/auth/passkey"
INVITE = f"{LOGIN}/_clace/auth/invite"


class PeopleCase(FlowCase):
    """Ann signs in to an app for builtin users and the administrator."""

    setting = "builtin,system"
    is_required = False

    def more_accounts(self):
        self.clock.advance(1_800_000_000)
        sign_ins = SignIns(self.clock, SignInTrail(self.events))
        self.user_rows, self.factor_rows = MemoryUserRows(), MemoryFactorRows()
        self.users = memory_users(self.clock, rows=self.user_rows)
        self.users.changed = lambda user_id: self.successResultOf(
            self.sessions.end(SessionChoice(user_id=user_id), "changed")
        )
        self.builtin = BuiltinAccounts(self.users, self.clock, at_once, sign_ins)
        self.factors = memory_factors(
            self.clock, sign_ins, rows=self.factor_rows, is_required=self.is_required
        )
        self.factors.changed = self.users.changed
        self.successResultOf(self.users.add("ann", HASH, ("staff",)))
        return (self.builtin,)

    def more_steps(self):
        second = SecondStep(self.flow, self.pending, self.auth, self.factors, self.events)
        account = AccountSteps(
            self.flow, self.auth, self.users, self.builtin, self.factors, self.events
        )
        return second.steps() | account.steps()

    def enrol_codes(self, user_id=ANN):
        """An app whose code is due, and recovery codes."""
        offer = self.successResultOf(self.factors.offer_codes(user_id))
        app = pyotp.TOTP(offer.secret)
        recovery = self.successResultOf(
            self.factors.accept_codes(user_id, offer.ticket, self.code(app))
        )
        self.clock.advance(30)
        return app, recovery

    def enrol_passkey(self, user_id=ANN):
        party = RelyingParty("auth.apps.example", LOGIN)
        key = Authenticator(LOGIN, "auth.apps.example")
        offer = self.successResultOf(self.factors.offer_passkey(user_id, party))
        answer = key.create(offer.options)
        self.successResultOf(self.factors.accept_passkey(user_id, offer.ticket, answer, "", party))
        return key

    def code(self, app):
        return app.at(int(self.clock.seconds()))

    def by_password(self, user="ann", password="sesame", name="builtin"):
        """The answer to a right password at the form of an app's sign-in."""
        return self.form(self.sent_to_sign_in().state, user, password, name)

    def waiting(self, **given):
        """The page that asks for the second factor after a right password."""
        sent = self.by_password(**given)
        self.assertEqual(sent.status, 303)
        self.assertTrue(sent.location.startswith("/_clace/auth/factor?state="), sent.location)
        return self.browser.get(LOGIN + sent.location)

    def arrives(self, proved, user_id=ANN):
        """After a proof the browser comes to the app, as this user."""
        self.assertEqual(proved.status, 303, proved.text)
        self.assertEqual(self.browser.get(proved.location).location, "/a/x?y=1")
        self.assertEqual(self.browser.get(f"{self.app_origin}/a/x?y=1").status, 200)
        self.assertEqual(self.apps.seen[-1].user_id, user_id)
        (session,) = (row for row in self.rows.all() if row.host == "apps.example")
        return session.identity

    def signed_in_to_account(self, **given):
        """The account page, after a sign-in of its own."""
        sent = self.browser.get(ACCOUNT)
        self.assertEqual(sent.status, 303)
        proved = self.form(sent.state, "ann", "sesame", "builtin")
        done = self.browser.get(proved.location)
        self.assertEqual(done.location, "/_clace/auth/account")
        return self.browser.get(ACCOUNT)

    def kinds(self, user_id=ANN):
        return {row.kind for row in self.factor_rows.of(user_id)} - {FactorKind.RECOVERY}

    def deeds(self):
        return [(event.operation, event.user_id, event.detail) for event in self.audit]


def field(page, name):
    """The value of a field of a page's form."""
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])


def options(page):
    """The options for the authenticator, on a page."""
    return html.unescape(re.search(r'data-options="([^"]*)"', page.text)[1])


def recovery_of(page):
    """The recovery codes on a page."""
    return re.search(r"<pre>([^<]*)</pre>", page.text)[1].split()
