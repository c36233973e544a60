"""Pending sign-ins: bounded, timed, and each used once."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.interfaces import SignedIn
from clace.model.identity import Identity
from clace.web.login.states import (
    ASKED_SECONDS,
    PROVED_SECONDS,
    Pending,
    PendingSignIns,
    digest,
    is_nonce_of,
)


def pending(address="192.0.2.1", **fields):
    whole = {"setting": "system", "origin": "https://a", "target": "/", "nonce": digest("n")}
    return Pending(address=address, **whole | fields)


PROVED = SignedIn(identity=Identity(user_id="ann"))


class PendingTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.states = PendingSignIns(self.clock, per_network=3, most=6)

    def test_found(self):
        """A sign-in is found by its state, as often as it is looked at, and taken once."""
        state = self.states.add(pending())
        for _ in range(2):
            self.assertEqual(self.states.look(state).setting, "system")
        self.assertIsNotNone(self.states.take(state))
        self.assertIsNone(self.states.take(state))
        self.assertIsNone(self.states.look(state))

    def test_guesses(self):
        """Other texts find nothing: neither a part of a state, nor what is kept of it."""
        state = self.states.add(pending())
        for other in ("", state[:-1], f"{state}A", digest(state).hex(), "é" * 43, "\ud800" * 43):
            self.assertIsNone(self.states.look(other))
        self.assertNotIn(state, repr(vars(self.states)))

    def test_times(self):
        """A sign-in has five minutes to be proved, and one to come back after that."""
        asked, proved = self.states.add(pending()), self.states.add(pending(signed_in=PROVED))
        self.clock.advance(PROVED_SECONDS - 1)
        self.assertIsNotNone(self.states.look(proved))
        self.clock.advance(1)
        self.assertIsNone(self.states.look(proved))
        self.clock.advance(ASKED_SECONDS - PROVED_SECONDS - 1)
        self.assertIsNotNone(self.states.look(asked))
        self.clock.advance(1)
        self.assertIsNone(self.states.take(asked))

    def test_own_floods(self):
        """A network that begins too many loses its own oldest, and nobody else's."""
        other = self.states.add(pending("198.51.100.1"))
        states = [self.states.add(pending()) for _ in range(9)]
        there = [self.states.look(state) is not None for state in states]
        self.assertEqual(there, [False] * 6 + [True] * 3)
        self.assertIsNotNone(self.states.look(other))

    def test_floods_of_many(self):
        """If there are too many of all, the network with most loses its oldest."""
        mine = self.states.add(pending("198.51.100.1"))
        for number in range(3):
            for _ in range(3):
                self.states.add(pending(f"192.0.2.{number}"))
        self.assertIsNotNone(self.states.look(mine))

    def test_floods_of_a_site(self):
        """Whoever has a /48 of IPv6 pushes out nobody by using each of its networks once."""
        mine = self.states.add(pending("198.51.100.1"))
        for number in range(20):
            self.states.add(pending(f"2001:db8:0:{number:x}::1"))
        self.assertIsNotNone(self.states.look(mine))

    def test_nonce(self):
        """Only the browser with the nonce is the one that began."""
        for nonce, is_right in (("n", True), ("m", False), ("", False), (None, False)):
            self.assertEqual(is_nonce_of(pending(), nonce), is_right)


class States(RuleBasedStateMachine):
    """Compares the table with a plain record of what was added and when."""

    known = Bundle("known")

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.states = PendingSignIns(self.clock, per_network=4, most=10)
        self.until = {}

    @rule(target=known, network=st.integers(0, 5), proved=st.booleans())
    def add(self, network, proved):
        signed_in = PROVED if proved else None
        state = self.states.add(pending(f"192.0.2.{network}", signed_in=signed_in))
        seconds = PROVED_SECONDS if proved else ASKED_SECONDS
        self.until[state] = self.clock.seconds() + seconds
        assert self.states.look(state) is not None
        return state

    @rule(state=known)
    def take(self, state):
        found = self.states.take(state)
        if self.until.pop(state, 0) <= self.clock.seconds():
            assert found is None
        assert self.states.look(state) is None

    @rule(network=st.integers(0, 5))
    def end(self, network):
        address = f"192.0.2.{network}"
        proved = [state for state in self.until if self.is_proved(state, address)]
        self.states.end(lambda pending, _proof: pending.address == address)
        for state in proved:
            del self.until[state]
            assert self.states.look(state) is None

    def is_proved(self, state, address):
        found = self.states.look(state)
        return found is not None and found.address == address and found.signed_in is not None

    @rule(seconds=st.sampled_from([1, 59, 60, 299, 300]))
    def wait(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def is_bounded(self):
        sizes = [len(there) for there in self.states._networks.values()]
        assert sum(sizes) == len(self.states._network_of) <= 10
        assert max(sizes, default=0) <= 4
        assert min(sizes, default=1) > 0
        assert self.states._largest == max(sizes, default=0)
        by_size = self.states._by_size
        assert sum(len(networks) for networks in by_size.values()) == len(sizes)


class StateMachineTests(SynchronousTestCase):
    def test_any_order(self):
        """In any order of things the table is bounded, and used and old states are gone."""
        case = States.TestCase("runTest")
        case.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
        case.runTest()
