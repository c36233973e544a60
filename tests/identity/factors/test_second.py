"""Second factors: enrolled, proved once each, and what guessing at them costs."""

import json
from datetime import UTC, datetime

import pyotp
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from clace import base64url
from clace.errors import BadRequest, ClaceError, LockedOut, NotAuthenticated, SignInRefused
from clace.identity.passwords import SignIns
from clace.interfaces import Demand, FactorKind, ISecondFactors, RelyingParty
from clace.model.identity import Assurance, Identity
from tests.identity.passwords.support import Told, ToldCase
from tests.support.authenticator import PRESENT, VERIFIED, Authenticator, text
from tests.support.memory_factors import MemoryFactorRows, memory_factors

ANN, BOB = "builtin:ann", "builtin:bob"
HERE = "192.0.2.1"
PARTY = RelyingParty("auth.example.com", "https://auth.example.com")


class FactorCase(ToldCase):
    by = "code"
    is_required = False

    def setUp(self):
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.told = Told()
        self.sign_ins = SignIns(self.clock, self.told)
        self.rows = MemoryFactorRows()
        self.factors = self.make()

    def make(self):
        return memory_factors(
            self.clock, self.sign_ins, rows=self.rows, is_required=self.is_required
        )

    def enrol_codes(self, user_id=ANN):
        """Enrol an app; return it and the recovery codes."""
        offer = self.successResultOf(self.factors.offer_codes(user_id))
        app = pyotp.TOTP(offer.secret)
        code = app.at(int(self.clock.seconds()))
        recovery = self.successResultOf(self.factors.accept_codes(user_id, offer.ticket, code))
        self.clock.advance(30)
        return app, recovery

    def code(self, app, ahead=0):
        return app.at(int(self.clock.seconds()) + ahead)

    def prove(self, code, user_id=ANN, address=HERE):
        self.successResultOf(self.factors.prove_code(user_id, code, address))

    def refuse(self, code, user_id=ANN, address=HERE, why=NotAuthenticated):
        return self.refusal(self.factors.prove_code(user_id, code, address), "wrong code", why)

    def enrol_passkey(self, user_id=ANN, key=None, label="Phone"):
        key = key or Authenticator()
        offer = self.successResultOf(self.factors.offer_passkey(user_id, PARTY))
        answer = key.create(offer.options)
        recovery = self.successResultOf(
            self.factors.accept_passkey(user_id, offer.ticket, answer, label, PARTY)
        )
        return key, recovery

    def challenge(self, user_id=""):
        return self.successResultOf(self.factors.challenge(PARTY, HERE, user_id))

    def prove_passkey(self, offer, answer, user_id=ANN):
        return self.factors.prove_passkey(offer.ticket, answer, HERE, PARTY, user_id)


class DemandTests(FactorCase):
    def demand(self, user_id=ANN, assurance=Assurance.PASSWORD):
        return self.factors.demand(Identity(user_id=user_id, assurance=assurance))

    def test_is_factors(self):
        """It fills the seam."""
        verifyObject(ISecondFactors, self.factors)

    def test_demands(self):
        """A password is enough for who has no factor; whoever has one has to prove it."""
        self.assertIs(self.demand(), Demand.NOTHING)
        self.enrol_codes()
        self.assertIs(self.demand(), Demand.PROOF)
        self.assertIs(self.demand(BOB), Demand.NOTHING)
        for assurance in set(Assurance) - {Assurance.PASSWORD}:
            self.assertIs(self.demand(assurance=assurance), Demand.NOTHING)

    def test_recovery_codes_alone(self):
        """Recovery codes are no factor: who has nothing else is not asked for one."""
        self.successResultOf(self.factors.renew_recovery(ANN))
        self.factors = self.make()
        self.assertEqual(self.factors.kinds(ANN), frozenset())
        self.assertIs(self.demand(), Demand.NOTHING)

    def test_survives_a_start(self):
        """Who has factors is known after a start."""
        self.enrol_codes()
        self.enrol_passkey(BOB)
        factors = self.make()
        self.assertEqual(factors.kinds(ANN), {FactorKind.TOTP})
        self.assertEqual(factors.kinds(BOB), {FactorKind.PASSKEY})

    def test_tells_changes(self):
        """The first factor and the loss of any are told, for sessions end with them."""
        told = []
        self.factors.changed = told.append
        self.enrol_codes()
        self.enrol_codes()
        self.enrol_passkey()
        self.assertEqual(told, [ANN])
        for count, kind in enumerate((FactorKind.PASSKEY, FactorKind.TOTP), 2):
            factor = next(row for row in self.rows.of(ANN) if row.kind is kind)
            self.successResultOf(self.factors.remove(ANN, factor.id))
            self.assertEqual(told, [ANN] * count)
        self.enrol_codes()
        self.successResultOf(self.factors.reset(ANN))
        self.successResultOf(self.factors.reset(ANN))
        self.assertEqual(told, [ANN] * 5)

    def test_reset(self):
        """After a reset the password is enough again, and old codes are worth nothing."""
        app, recovery = self.enrol_codes()
        self.enrol_passkey()
        self.assertEqual(self.successResultOf(self.factors.reset(ANN)), 2)
        self.assertIs(self.demand(), Demand.NOTHING)
        self.refuse(self.code(app))
        self.refuse(recovery[0])
        self.assertEqual(self.rows.all(), ())


class RequiredTests(FactorCase):
    is_required = True

    def test_demands(self):
        """Where factors are required, whoever has none enrols one at the next sign-in."""
        identity = Identity(user_id=ANN, assurance=Assurance.PASSWORD)
        self.assertIs(self.factors.demand(identity), Demand.ENROLMENT)
        self.enrol_codes()
        self.assertIs(self.factors.demand(identity), Demand.PROOF)

    def test_keeps_the_last(self):
        """The last factor cannot be removed where one is required."""
        self.enrol_codes()
        self.enrol_passkey()
        first, second = (row.id for row in self.rows.of(ANN) if row.kind is not FactorKind.RECOVERY)
        self.successResultOf(self.factors.remove(ANN, first))
        self.failureResultOf(self.factors.remove(ANN, second), BadRequest)


class CodeTests(FactorCase):
    def test_offer(self):
        """An offer names user and server to the app."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        self.assertEqual(offer.uri, f"otpauth://totp/Clace:ann?secret={offer.secret}&issuer=Clace")
        self.assertEqual(len(offer.secret), 32)
        offer = self.successResultOf(self.factors.offer_codes("admin"))
        self.assertIn("/Clace:admin?", offer.uri)

    def test_enrols_with_a_right_code(self):
        """A secret counts once the app has shown a code of it, and not before."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        wrong = self.factors.accept_codes(ANN, offer.ticket, "000000")
        self.failureResultOf(wrong, BadRequest)
        self.assertEqual(self.factors.kinds(ANN), frozenset())
        code = self.code(pyotp.TOTP(offer.secret))
        recovery = self.successResultOf(self.factors.accept_codes(ANN, offer.ticket, code))
        self.assertEqual(len(set(recovery)), 10)
        again = self.factors.accept_codes(ANN, offer.ticket, code)
        self.failureResultOf(again, SignInRefused)

    def test_an_offer_goes_on(self):
        """After a wrong code the offer is the same, but for somebody else and when it is over."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        again = self.successResultOf(self.factors.offer_codes(ANN, offer.ticket))
        self.assertEqual(again, offer)
        for user_id, ticket in ((BOB, offer.ticket), (ANN, "unknown")):
            other = self.successResultOf(self.factors.offer_codes(user_id, ticket))
            self.assertNotEqual((other.ticket, other.secret), (offer.ticket, offer.secret))
        self.clock.advance(300)
        late = self.successResultOf(self.factors.offer_codes(ANN, offer.ticket))
        self.assertNotEqual((late.ticket, late.secret), (offer.ticket, offer.secret))

    def test_offers_are_personal_and_end(self):
        """An offer is for one user, for five minutes."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        code = self.code(pyotp.TOTP(offer.secret))
        self.failureResultOf(self.factors.accept_codes(BOB, offer.ticket, code), SignInRefused)
        self.clock.advance(300)
        code = self.code(pyotp.TOTP(offer.secret))
        self.failureResultOf(self.factors.accept_codes(ANN, offer.ticket, code), SignInRefused)

    def test_proves_once(self):
        """A code is right once, as people type it, and not for somebody else."""
        app, _ = self.enrol_codes()
        code = self.code(app)
        self.refuse(code, BOB)
        self.prove(f" {code[:3]} {code[3:]} ")
        self.refuse(code)
        self.clock.advance(30)
        self.prove(self.code(app))

    def test_refuses_the_code_of_the_enrolment(self):
        """The code that enrolled an app does not sign in too."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        code = self.code(pyotp.TOTP(offer.secret))
        self.successResultOf(self.factors.accept_codes(ANN, offer.ticket, code))
        self.refuse(code)

    def test_clocks_differ(self):
        """A clock may be half a minute off, not more; an older code than the last is refused."""
        app, _ = self.enrol_codes()
        self.clock.advance(300)
        for ahead in (-60, 60):
            self.refuse(self.code(app, ahead))
        late = self.code(app, -30)
        self.prove(self.code(app, 30))
        self.refuse(late)
        self.refuse(self.code(app))

    def test_new_app_replaces_the_old(self):
        """A user has one app at a time; recovery codes stay."""
        old, recovery = self.enrol_codes()
        new, more = self.enrol_codes()
        self.assertEqual(more, ())
        self.refuse(self.code(old))
        self.prove(self.code(new))
        self.prove(recovery[0])

    def test_recovery(self):
        """A recovery code is right once, however it is typed."""
        _, recovery = self.enrol_codes()
        self.prove(recovery[0].upper().replace("-", " "))
        self.refuse(recovery[0])
        self.refuse(recovery[1], BOB)
        self.prove(recovery[1])

    def test_renews_recovery(self):
        """New recovery codes end the old ones."""
        _, old = self.enrol_codes()
        new = self.successResultOf(self.factors.renew_recovery(ANN))
        self.assertEqual(len(new), 10)
        self.refuse(old[0])
        self.prove(new[0])

    def test_recovery_with_the_first_after_a_password(self):
        """Who has a factor and no recovery codes gets them with the next one."""
        key = Authenticator()
        offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY, alone=True))
        answer = key.create(offer.options)
        enrolled = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
        self.assertEqual(self.successResultOf(enrolled), ())
        self.assertEqual(len(self.enrol_codes()[1]), 10)
        self.assertEqual(self.enrol_codes()[1], ())

    def test_at_most_twenty(self):
        """A user has twenty factors at most, besides recovery codes."""
        for number in range(19):
            self.enrol_passkey(label=f"Key {number}")
        self.enrol_codes()
        offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        answer = Authenticator().create(offer.options)
        refused = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
        self.failureResultOf(refused, BadRequest)
        self.enrol_passkey(BOB)
        listed = self.successResultOf(self.factors.listed(ANN))
        key = next(each for each in listed if each.kind is FactorKind.PASSKEY)
        self.successResultOf(self.factors.remove(ANN, key.id))
        self.enrol_passkey()

    def test_times(self):
        """A factor is listed with the moments of its enrolment and of its last use."""
        self.enrol_passkey()
        app, _ = self.enrol_codes()
        begin = datetime.fromtimestamp(self.clock.seconds() - 30, UTC)
        self.clock.advance(300)
        self.prove(self.code(app))
        now = datetime.fromtimestamp(self.clock.seconds(), UTC)
        listed = {each.kind: each for each in self.successResultOf(self.factors.listed(ANN))}
        for kind, used in ((FactorKind.PASSKEY, begin), (FactorKind.TOTP, now)):
            self.assertEqual((listed[kind].create_time, listed[kind].use_time), (begin, used))

    def test_keeps_no_secret_in_the_clear(self):
        """The rows hold neither a secret nor a recovery code."""
        offer = self.successResultOf(self.factors.offer_codes(ANN))
        code = self.code(pyotp.TOTP(offer.secret))
        recovery = self.successResultOf(self.factors.accept_codes(ANN, offer.ticket, code))
        kept = repr([(row.id, row.sealed, row.label) for row in self.rows.all()])
        for secret in (offer.secret, *recovery):
            self.assertNotIn(secret, kept)
            self.assertNotIn(secret, repr(offer))

    def test_row_of_another_user(self):
        """A secret that is moved to another user's row does not open."""
        app, _ = self.enrol_codes()
        (row,) = (row for row in self.rows.of(ANN) if row.kind is FactorKind.TOTP)
        self.rows.delete(ANN)
        self.rows.add((replace(row, user_id=BOB),))
        failed = self.factors.prove_code(BOB, self.code(app), HERE)
        self.failureResultOf(failed, ClaceError)

    def test_locks_wherever_it_comes_from(self):
        """Five wrong codes lock the factor from every address; a password does not unlock it."""
        app, _ = self.enrol_codes()
        for number in range(5):
            self.refuse("000000", address=f"192.0.2.{number}")
        self.refuse(self.code(app), address="198.51.100.7", why=LockedOut)
        self.sign_ins.lockout.forgive(HERE, ANN)
        self.refuse(self.code(app), why=LockedOut)
        self.sign_ins.admit(HERE, ANN)
        self.refuse("000000", BOB)
        self.clock.advance(900)
        self.prove(self.code(app))

    def test_tells_failures(self):
        """The audit log is told that a factor was wrong, and of the lock."""
        self.enrol_codes()
        for _ in range(5):
            self.refuse("000000")
        failed = ("Failed", ANN, HERE, "by code: wrong code")
        locked = ("Locked", ANN, HERE, "by code: too many failed sign-ins")
        self.assertEqual(self.told.events, [*[failed] * 5, locked])

    def test_operator_unlocks(self):
        """An operator lets a user try again, by the user's id."""
        app, _ = self.enrol_codes()
        for _ in range(5):
            self.refuse("000000")
        (locked,) = self.sign_ins.lockout.list_lockouts().lockouts
        self.assertEqual((locked.address, locked.user), (f"second factor of {ANN}", ANN))
        self.sign_ins.lockout.clear_lockouts("", ANN)
        self.prove(self.code(app))

    def test_same_code_at_once(self):
        """A code that two send at the same time is right for one of them."""
        app, _ = self.enrol_codes()
        code = self.code(app)
        first = self.factors.prove_code(ANN, code, HERE)
        second = self.factors.prove_code(ANN, code, HERE)
        self.successResultOf(first)
        self.refusal(second, "wrong code")

    @settings(max_examples=50)
    @given(st.text(max_size=40))
    def test_survives_any_text(self, code):
        """Whatever a stranger sends is a wrong code."""
        self.failureResultOf(self.factors.prove_code(f"builtin:{code}", code, HERE))


class PasskeyTests(FactorCase):
    by = "passkey"

    def refuse_unasked(self, work, reason):
        """A refusal whose reason the page that asked for it records."""
        self.assertEqual(self.failureResultOf(work, SignInRefused).value.reason, reason)

    def test_enrols(self):
        """A passkey is enrolled under its label, with recovery codes for the first factor."""
        _, recovery = self.enrol_passkey()
        self.assertEqual(len(recovery), 10)
        self.assertEqual(self.enrol_passkey(label="\t")[1], ())
        labels = [
            each.label
            for each in self.successResultOf(self.factors.listed(ANN))
            if each.kind is FactorKind.PASSKEY
        ]
        self.assertEqual(sorted(labels), ["Passkey", "Phone"])

    def test_second_factor(self):
        """A passkey proves the user that a challenge is for."""
        key, _ = self.enrol_passkey()
        key.flags = PRESENT
        offer = self.challenge(ANN)
        allowed = [each["id"] for each in json.loads(offer.options)["allowCredentials"]]
        self.assertEqual(allowed, [text(key.id)])
        self.assertEqual(json.loads(offer.options)["userVerification"], "discouraged")
        proved = self.prove_passkey(offer, key.get(offer.options))
        self.assertEqual(self.successResultOf(proved), ANN)

    def test_alone(self):
        """A passkey that has checked its user says who it is without a name or password."""
        key, _ = self.enrol_passkey()
        self.enrol_passkey(BOB)
        offer = self.challenge()
        self.assertEqual(json.loads(offer.options)["userVerification"], "required")
        proved = self.prove_passkey(offer, key.get(offer.options), "")
        self.assertEqual(self.successResultOf(proved), ANN)

    def test_alone_without_a_check_of_the_user(self):
        """Possession alone is not two factors."""
        key, _ = self.enrol_passkey()
        key.flags = PRESENT
        offer = self.challenge()
        alone = self.prove_passkey(offer, key.get(offer.options), "")
        self.refusal(alone, "wrong passkey")
        key.flags = PRESENT | VERIFIED
        offer = self.challenge(ANN)
        alone = self.prove_passkey(offer, key.get(offer.options), "")
        self.refuse_unasked(alone, "passkey: no such challenge")

    def test_challenge_counts_once(self):
        """An answer is accepted once, for five minutes, and a challenge is no enrolment."""
        key, _ = self.enrol_passkey()
        offer = self.challenge(ANN)
        answer = key.get(offer.options)
        self.successResultOf(self.prove_passkey(offer, answer))
        late = "passkey: no such challenge"
        self.refuse_unasked(self.prove_passkey(offer, answer), late)
        offer = self.challenge(ANN)
        self.clock.advance(300)
        self.refuse_unasked(self.prove_passkey(offer, key.get(offer.options)), late)
        enrolment = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        answer = key.get(enrolment.options)
        self.refuse_unasked(self.prove_passkey(enrolment, answer), late)
        offer = self.challenge(ANN)
        accepted = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
        self.refuse_unasked(accepted, "passkey: no such offer")

    def test_wrong_answers(self):
        """Each answer differs in one thing from one that is accepted, and is refused."""
        key, _ = self.enrol_passkey()
        stranger, _ = self.enrol_passkey(BOB)

        def elsewhere(**changes):
            def answer(options):
                before = {name: getattr(key, name) for name in changes}
                for name, value in changes.items():
                    setattr(key, name, value)
                try:
                    return key.get(options)
                finally:
                    for name, value in before.items():
                        setattr(key, name, value)

            return answer

        old = self.challenge(ANN).options
        for answer in (
            elsewhere(origin="https://evil.example.com"),
            elsewhere(host="evil.example.com"),
            elsewhere(flags=0),
            elsewhere(key=stranger.key),
            elsewhere(id=stranger.id),
            elsewhere(id=b"nobody"),
            lambda _options: key.get(old),
            lambda options: key.get(options, signature=text(b"no")),
            stranger.get,
        ):
            offer = self.challenge(ANN)
            self.refusal(self.prove_passkey(offer, answer(offer.options)), "wrong passkey")
            self.sign_ins.lockout.clear_lockouts("", "")
            offer = self.challenge(ANN)
            self.successResultOf(self.prove_passkey(offer, key.get(offer.options)))

    def test_unknown_passkey(self):
        """A passkey that nobody has enrolled says nothing of anybody."""
        key, _ = self.enrol_passkey()
        key.id = b"nobody"
        offer = self.challenge()
        alone = self.prove_passkey(offer, key.get(offer.options), "")
        self.refusal(alone, "unknown passkey")
        (event,) = self.told.events
        self.assertEqual(event[1], "passkey")

    def test_other_factors_are_no_passkeys(self):
        """The name of another factor is the name of no passkey, and counts against nobody."""
        self.enrol_codes()
        recovery = next(row.id for row in self.rows.of(ANN) if row.kind is FactorKind.RECOVERY)
        key = Authenticator()
        key.id = base64url.decoded(recovery)
        offer = self.challenge()
        alone = self.prove_passkey(offer, key.get(offer.options), "")
        self.refusal(alone, "unknown passkey")

    def test_malformed_answers(self):
        """An answer that is too long, or names no passkey, is refused before it is looked at."""
        _, recovery = self.enrol_passkey()
        self.assertEqual(len(recovery), 10)
        for answer, reason in (
            ("{" + " " * 16 * 1024, "passkey: answer too long"),
            ("{", "passkey: malformed answer"),
            ("{}", "passkey: malformed answer"),
            ('{"id": "A"}', "passkey: malformed answer"),
            ('{"id": "é"}', "passkey: malformed answer"),
        ):
            offer = self.challenge(ANN)
            self.refuse_unasked(self.prove_passkey(offer, answer), reason)
            offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
            accepted = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
            self.refuse_unasked(accepted, reason)
        self.assertEqual(self.told.events, [])

    def test_challenges_of_others(self):
        """Whoever asks for many challenges takes none from a user, or from another network."""
        key, _ = self.enrol_passkey()
        mine = self.challenge(ANN)
        elsewhere = self.successResultOf(self.factors.challenge(PARTY, "198.51.100.7"))
        for _ in range(60):
            self.challenge()
            self.challenge(BOB)
        self.successResultOf(self.prove_passkey(mine, key.get(mine.options)))
        proved = self.prove_passkey(elsewhere, key.get(elsewhere.options), "")
        self.assertEqual(self.successResultOf(proved), ANN)

    def test_count_that_falls(self):
        """A copy of a passkey is noticed by its count."""
        key, _ = self.enrol_passkey()
        key.counter = 10
        offer = self.challenge(ANN)
        self.successResultOf(self.prove_passkey(offer, key.get(offer.options)))
        key.counter = 5
        offer = self.challenge(ANN)
        self.refusal(self.prove_passkey(offer, key.get(offer.options)), "wrong passkey")

    def test_passkey_without_a_count(self):
        """A passkey that always tells 0 works every time."""
        key, _ = self.enrol_passkey()
        for _ in range(2):
            key.counter = -1
            offer = self.challenge(ANN)
            self.successResultOf(self.prove_passkey(offer, key.get(offer.options)))

    def test_wrong_enrolments(self):
        """A passkey for another origin, host, challenge or user is not enrolled, nor one twice."""
        key, _ = self.enrol_passkey()
        for other in (
            Authenticator(origin="https://evil.example.com"),
            Authenticator(host="evil.example.com"),
        ):
            offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
            answer = other.create(offer.options)
            refused = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
            self.failureResultOf(refused, SignInRefused)
        old = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        new = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        answer = Authenticator().create(old.options)
        for user_id, ticket in ((BOB, old.ticket), (ANN, new.ticket)):
            refused = self.factors.accept_passkey(user_id, ticket, answer, "", PARTY)
            self.failureResultOf(refused, SignInRefused)
        offer = self.successResultOf(self.factors.offer_passkey(BOB, PARTY))
        again = self.factors.accept_passkey(BOB, offer.ticket, key.create(offer.options), "", PARTY)
        self.failureResultOf(again, BadRequest)

    def test_offers_to_enrol(self):
        """An offer leaves out the passkeys that its user has; one to do alone asks for more."""
        self.assertFalse(self.factors.has_passkeys())
        key, _ = self.enrol_passkey()
        self.assertTrue(self.factors.has_passkeys())
        users = []
        for user_id, known in ((ANN, [text(key.id)]), (BOB, []), ("admin", [])):
            offer = self.successResultOf(self.factors.offer_passkey(user_id, PARTY))
            options = json.loads(offer.options)
            self.assertEqual([one["id"] for one in options["excludeCredentials"]], known)
            selection = options["authenticatorSelection"]
            self.assertEqual(selection["userVerification"], "preferred")
            self.assertEqual(selection["residentKey"], "preferred")
            users.append(options["user"])
        alone = self.successResultOf(self.factors.offer_passkey(ANN, PARTY, alone=True))
        # A device has one passkey for each id here, so it has to be a user's own, always.
        self.assertEqual(json.loads(alone.options)["user"], users[0])
        self.assertNotEqual(users[0]["id"], users[1]["id"])
        self.assertEqual([one["displayName"] for one in users], ["ann", "bob", "admin"])
        selection = json.loads(alone.options)["authenticatorSelection"]
        self.assertEqual(selection["userVerification"], "required")
        self.assertEqual(selection["residentKey"], "required")

    def test_enrols_to_do_alone(self):
        """A passkey that is to do alone has to check its user, and comes without codes."""
        for flags, is_enough in ((PRESENT, False), (PRESENT | VERIFIED, True)):
            key = Authenticator()
            key.flags = flags
            offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY, alone=True))
            answer = key.create(offer.options)
            enrolled = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
            if is_enough:
                self.assertEqual(self.successResultOf(enrolled), ())
            else:
                self.failureResultOf(enrolled, SignInRefused)

    def test_enrols_nothing_unasked(self):
        """An answer to no offer, or to a challenge, enrols nothing; nor does a name of no text."""
        key = Authenticator()
        offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        answer, other = key.create(offer.options), self.challenge(ANN)
        for ticket in ("none", "", other.ticket):
            unasked = self.factors.accept_passkey(ANN, ticket, answer, "", PARTY)
            self.refuse_unasked(unasked, "passkey: no such offer")
        named = self.factors.accept_passkey(ANN, offer.ticket, answer, "a\x1b[2J", PARTY)
        self.failureResultOf(named, BadRequest)
        self.assertEqual(self.factors.kinds(ANN), frozenset())

    def test_removes(self):
        """A factor is removed by its user only; recovery codes go with the last."""
        self.enrol_passkey()
        self.clock.advance(1)
        self.enrol_codes()
        ids = [row.id for row in self.rows.of(ANN) if row.kind is not FactorKind.RECOVERY]
        self.failureResultOf(self.factors.remove(BOB, ids[0]), BadRequest)
        recovery = next(row.id for row in self.rows.of(ANN) if row.kind is FactorKind.RECOVERY)
        self.failureResultOf(self.factors.remove(ANN, recovery), BadRequest)
        self.successResultOf(self.factors.remove(ANN, ids[0]))
        self.assertEqual(self.factors.kinds(ANN), {FactorKind.TOTP})
        self.successResultOf(self.factors.remove(ANN, ids[1]))
        self.assertEqual(self.rows.of(ANN), ())

    @settings(max_examples=80, deadline=None)
    @given(
        st.text(max_size=60)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["id", "rawId", "response", "type", "clientDataJSON", "x"]),
                    inner,
                    max_size=5,
                )
            ),
            max_leaves=12,
        ).map(json.dumps)
    )
    def test_survives_any_answer(self, answer):
        """Whatever a stranger sends as an answer is refused as one."""
        offer = self.challenge()
        self.failureResultOf(self.prove_passkey(offer, answer, ""), NotAuthenticated, LockedOut)
        offer = self.successResultOf(self.factors.offer_passkey(ANN, PARTY))
        accepted = self.factors.accept_passkey(ANN, offer.ticket, answer, "", PARTY)
        self.failureResultOf(accepted, SignInRefused)
