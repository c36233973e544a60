"""Tests for ``clace.identity.tokens.tokens``."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from clace.errors import LockedOut, NotAuthenticated, StoreError
from clace.identity.passwords import SignIns
from clace.identity.passwords.turns import Lane, Turns
from clace.identity.tokens import APITokens, make_token
from clace.identity.tokens.tokens import FLUSH_SECONDS, TokenSurroundings
from clace.interfaces import IAPITokens, NewAPIToken
from clace.model.identity import Assurance, Identity
from clace.model.scope import Scope
from tests.identity.passwords.support import Told, ToldCase
from tests.support.memory_tokens import MemoryTokenRows

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO, groups=("ops",))
SCOPE = Scope(permissions=("app:read",), apps=("/a",))
ADDRESS = "192.0.2.1"
UNKNOWN = "unknown token"
OVER = "the token has ended, or its user is gone"
NO_TOKEN = "no API token is like this"


class TokensCase(ToldCase):
    by = "token"

    def setUp(self):
        self.clock = Clock()
        self.rows = MemoryTokenRows()
        self.told = Told()
        self.reads = 0
        self.held = None
        self.gone = set()
        self.tokens = self.make_tokens()

    def make_tokens(self, turns=None, **options):
        self.turns = turns
        sign_ins = SignIns(self.clock, self.told, turns=turns)

        def owner_now(identity):
            return None if identity.user_id in self.gone else identity

        around = TokenSurroundings(self.clock, self.in_thread, sign_ins, owner_now)
        return APITokens(self.rows, around, **options)

    async def in_thread(self, work):
        self.reads += 1
        result = work()
        if self.held is not None:
            await self.held
        return result

    def create(self, **fields):
        end = datetime.fromtimestamp(self.clock.seconds(), UTC) + timedelta(30)
        new = NewAPIToken(**{"identity": ANN, "scope": SCOPE, "expire_time": end, **fields})
        return self.successResultOf(self.tokens.create(new))

    def prove(self, secret, address=ADDRESS):
        return Deferred.fromCoroutine(self.tokens.prove(secret, address))

    def proved(self, secret, **where):
        return self.successResultOf(self.prove(secret, **where))

    def refused(self, secret, kind=NotAuthenticated, reason=UNKNOWN, **where):
        work = self.tokens.prove(secret, **{"address": ADDRESS, **where})
        return self.refusal(work, reason, kind)


class TokensTests(TokensCase):
    def test_is_tokens(self):
        """It fills the seam."""
        verifyObject(IAPITokens, self.tokens)

    def test_proves(self):
        """A token stands for its user, within its scope, and says that it is one."""
        secret, token = self.create()
        identity = self.proved(secret)
        self.assertEqual((identity.user_id, identity.groups), (ANN.user_id, ("ops",)))
        self.assertEqual((identity.assurance, identity.scope), (Assurance.TOKEN, SCOPE))
        self.assertEqual(identity.token_id, token.id)
        self.assertFalse(identity.is_anonymous)

    def test_is_listed_as_it_was_made(self):
        """The list says what a token is for, and since when, and no use of one never used."""
        self.clock.advance(7)
        self.create(description="for the build")
        (listed,) = self.successResultOf(self.tokens.tokens())
        self.assertEqual(listed.description, "for the build")
        self.assertEqual(listed.create_time, datetime.fromtimestamp(7, UTC))
        self.assertIsNone(listed.use_time)

    def test_keeps_no_secret(self):
        """Neither the rows nor the list hold the token, or a part of it that would help."""
        secret, _ = self.create()
        listed = self.successResultOf(self.tokens.tokens())
        for text in (repr(self.rows.all()), repr(listed)):
            self.assertNotIn(secret[6:], text)
            self.assertNotIn(secret[6:20], text)

    def test_unknown(self):
        """A token of another server proves nothing, and what is no token is not looked up."""
        self.refused(make_token(lambda size: b"x" * size))
        reads = self.reads
        for text in ("clace_", "clace_" + "0" * 49, "x", ""):
            self.refused(text, reason=NO_TOKEN)
        self.assertEqual(self.reads, reads)

    def test_expires(self):
        """When its time is over a token proves nothing, however recently it was used."""
        secret, _ = self.create(expire_time=datetime.fromtimestamp(100, UTC))
        self.clock.advance(99)
        self.proved(secret)
        self.clock.advance(1)
        self.refused(secret, reason=OVER)

    def test_user_gone(self):
        """Without its user a token proves nothing, used before or not."""
        secret, _ = self.create()
        self.proved(secret)
        self.gone.add(ANN.user_id)
        self.refused(secret, reason=OVER)
        self.gone.clear()
        self.proved(secret)

    def test_used_tokens_cost_no_read(self):
        """A token that was used before is found in memory."""
        secret, _ = self.create()
        self.proved(secret)
        reads = self.reads
        for _ in range(10):
            self.proved(secret)
        self.assertEqual(self.reads, reads)

    def test_memory_is_bounded(self):
        """Of more tokens than are kept the oldest are looked up again."""
        self.tokens = self.make_tokens(kept=2)
        made = [self.create()[0] for _ in range(3)]
        for secret in made:
            self.proved(secret)
        reads = self.reads
        self.proved(made[2])
        self.assertEqual(self.reads, reads)
        self.proved(made[0])
        self.assertGreater(self.reads, reads)

    def test_last_use(self):
        """The last use is listed at once, and written once a minute for all requests of it."""
        self.tokens.startService()
        secret, _ = self.create()
        self.clock.advance(5)
        for _ in range(1000):
            self.proved(secret)
        (listed,) = self.successResultOf(self.tokens.tokens())
        self.assertEqual(listed.use_time, datetime.fromtimestamp(5, UTC))
        self.assertEqual((self.rows.touches, self.rows.all()[0].use_time), (0, None))
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.rows.touches, 1)
        self.assertEqual(self.rows.all()[0].use_time, datetime.fromtimestamp(5, UTC))
        (listed,) = self.successResultOf(self.tokens.tokens())
        self.assertEqual(listed.use_time, datetime.fromtimestamp(5, UTC))
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.rows.touches, 1)
        self.proved(secret)
        self.successResultOf(self.tokens.stopService())
        self.assertEqual(self.rows.touches, 2)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_last_use_survives_a_broken_database(self):
        """A last use that could not be written is written with the next."""
        self.tokens.startService()
        secret, _ = self.create()
        self.proved(secret)
        touch = self.rows.touch

        def broken(_used):
            raise StoreError("no")

        self.rows.touch = broken
        self.clock.advance(FLUSH_SECONDS)
        self.rows.touch = touch
        self.clock.advance(FLUSH_SECONDS)
        self.assertEqual(self.rows.all()[0].use_time, datetime.fromtimestamp(0, UTC))
        self.successResultOf(self.tokens.stopService())

    def test_revoke(self):
        """A revoked token proves nothing from then on, and those who serve it are told."""
        told = []
        self.tokens.follow(told.extend)
        secret, token = self.create()
        self.proved(secret)
        self.assertTrue(self.successResultOf(self.tokens.revoke(token.id)))
        self.assertIn(token.id, told)
        self.refused(secret)
        self.assertFalse(self.successResultOf(self.tokens.revoke(token.id)))
        self.assertEqual(self.successResultOf(self.tokens.tokens()), ())

    def test_revoke_while_it_is_looked_up(self):
        """A token that is read while it is revoked proves nothing."""
        secret, token = self.create()
        self.held = Deferred()
        proving = self.prove(secret)
        revoking = Deferred.fromCoroutine(self.tokens.revoke(token.id))
        held, self.held = self.held, None
        held.callback(None)
        self.successResultOf(revoking)
        self.failureResultOf(proving, NotAuthenticated)
        self.assertEqual([event[0] for event in self.told.events], ["Failed"])
        self.refused(secret)

    def test_read_before_it_was_revoked(self):
        """A row that was read before its token was revoked brings nothing back."""
        secret, token = self.create()
        self.held = held = Deferred()
        proving = self.prove(secret)
        self.held = None
        self.assertTrue(self.successResultOf(self.tokens.revoke(token.id)))
        held.callback(None)
        self.failureResultOf(proving, NotAuthenticated)
        self.refused(secret)

    def test_read_while_the_database_deletes_it(self):
        """Nor does a row that was read after the revocation began, and before its end."""
        secret, token = self.create()
        reading, deleting = Deferred(), Deferred()

        async def in_thread(work):
            if work.func == self.rows.delete:
                await deleting
                return work()
            found = work()
            await reading
            return found

        self.tokens._in_thread = in_thread
        revoking = Deferred.fromCoroutine(self.tokens.revoke(token.id))
        proving = self.prove(secret)
        deleting.callback(None)
        self.assertTrue(self.successResultOf(revoking))
        reading.callback(None)
        self.failureResultOf(proving, NotAuthenticated)
        self.refused(secret)

    def test_revoke_with_a_broken_database(self):
        """A token that cannot be removed has ended all the same, until the next start."""
        secret, token = self.create()
        self.proved(secret)
        delete = self.rows.delete

        def broken(_token_id):
            raise StoreError("no")

        self.rows.delete = broken
        self.failureResultOf(self.tokens.revoke(token.id), StoreError)
        self.refused(secret)
        self.rows.delete = delete
        self.refused(secret)
        self.assertTrue(self.successResultOf(self.tokens.revoke(token.id)))
        self.refused(secret)

    def test_revoke_while_it_waits(self):
        """A token that is revoked while its first use waits for its turn proves nothing."""
        secret, token = self.create()
        self.tokens = self.make_tokens(turns=Turns(self.clock, workers=1))
        self.successResultOf(Deferred.fromCoroutine(self.turns.take(Lane("another"))))
        proving = self.prove(secret)
        self.assertNoResult(proving)
        self.successResultOf(self.tokens.revoke(token.id))
        self.turns.give_back()
        self.failureResultOf(proving, NotAuthenticated)
        self.assertEqual(self.told.events, [("Failed", token.id, ADDRESS, f"by token: {OVER}")])

    def test_user_leaves_while_it_waits(self):
        """A token whose user ends while its first use waits for its turn proves nothing."""
        secret, token = self.create()
        self.tokens = self.make_tokens(turns=Turns(self.clock, workers=1))
        self.successResultOf(Deferred.fromCoroutine(self.turns.take(Lane("another"))))
        proving = self.prove(secret)
        self.gone.add(ANN.user_id)
        self.turns.give_back()
        self.failureResultOf(proving, NotAuthenticated)
        self.assertEqual(self.told.events, [("Failed", token.id, ADDRESS, f"by token: {OVER}")])

    def test_fell_out_while_it_waits(self):
        """A token that others push out of memory while it waits is looked up again."""
        secret, token = self.create()
        other, _ = self.create()
        self.tokens = self.make_tokens(turns=Turns(self.clock, workers=1), kept=1)
        self.successResultOf(Deferred.fromCoroutine(self.turns.take(Lane("another"))))
        proving = [self.prove(one) for one in (secret, other)]
        self.turns.give_back()
        self.assertEqual(self.successResultOf(proving[0]).token_id, token.id)
        self.successResultOf(proving[1])

    def test_expired_tokens_are_told(self):
        """Whoever serves a token is told at the moment when its time is over."""
        told = []
        self.tokens.follow(told.extend)
        self.tokens.startService()
        secret, token = self.create(expire_time=datetime.fromtimestamp(70, UTC))
        self.proved(secret)
        other, later = self.create(expire_time=datetime.fromtimestamp(400, UTC))
        self.proved(other)
        for _ in range(69):
            self.clock.advance(1)
        self.assertEqual(told, [])
        self.clock.advance(1)
        self.assertEqual(told, [token.id])
        for _ in range(329):
            self.clock.advance(1)
        self.assertEqual(told, [token.id])
        self.clock.advance(1)
        self.assertEqual(told, [token.id, later.id])
        self.successResultOf(self.tokens.stopService())

    def test_told_in_the_order_of_their_ends(self):
        """It does not matter in which order tokens are used first."""
        told = []
        self.tokens.follow(told.extend)
        for end in (50, 20, 30):
            secret, _ = self.create(expire_time=datetime.fromtimestamp(end, UTC))
            self.proved(secret)
            self.assertEqual(self.clock.getDelayedCalls(), [], "it was not started yet")
        self.tokens = self.make_tokens()
        self.tokens.follow(told.extend)
        self.tokens.startService()
        made = {}
        for end in (50, 20, 30):
            secret, token = self.create(expire_time=datetime.fromtimestamp(end, UTC))
            made[token.id] = end
            self.proved(secret)
        for second in range(1, 51):
            self.clock.advance(1)
            self.assertEqual(
                [made[one] for one in told], [end for end in (20, 30, 50) if end <= second]
            )
        self.successResultOf(self.tokens.stopService())
        self.assertEqual(self.clock.getDelayedCalls(), [])


class LockoutTests(TokensCase):
    def wrong(self, number):
        return make_token(lambda size: number.to_bytes(size, "big"))

    def test_guesses_are_counted(self):
        """Many wrong tokens from an address lock it, for right ones that are new there too."""
        secret, _ = self.create()
        for number in range(30):
            self.refused(self.wrong(number))
        self.refused(self.wrong(99), LockedOut)
        self.refused(secret, LockedOut)
        self.proved(secret, address="198.51.100.1")

    def test_locked_networks_learn_nothing(self):
        """A locked network is not told that a token is right, though others use it."""
        secret, _ = self.create()
        self.proved(secret)
        for number in range(30):
            self.refused(self.wrong(number), address="198.51.100.1")
        self.refused(secret, LockedOut, address="198.51.100.1")

    def test_the_same_token_again(self):
        """One wrong token is locked after five tries, and others are not."""
        secret, _ = self.create()
        for _ in range(5):
            self.refused(self.wrong(1))
        self.refused(self.wrong(1), LockedOut)
        self.proved(secret)

    def test_used_tokens_stay(self):
        """A token that was used from a network is not locked by the guesses of others there."""
        secret, _ = self.create()
        self.proved(secret)
        for number in range(30):
            self.refused(self.wrong(number))
        self.proved(secret)

    def test_what_is_no_token_locks_nobody(self):
        """Texts that cost no work to refuse fill no table."""
        secret, _ = self.create()
        for _ in range(100):
            self.refused("clace_nonsense", reason=NO_TOKEN)
        self.proved(secret)

    def test_expired_tokens_are_recorded_by_their_id(self):
        """Who still uses a token that is over is found in the log by its id."""
        secret, token = self.create(expire_time=datetime.fromtimestamp(1, UTC))
        self.clock.advance(2)
        self.refused(secret, reason=OVER)
        self.assertEqual(self.told.events, [("Failed", token.id, ADDRESS, f"by token: {OVER}")])
        self.assertNotIn(secret, repr(replace(token, description="")))
