"""Tests for ``clace.identity.factors.sealing``."""

import os

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import SecretFailed
from clace.identity.factors import FactorSealing
from tests.support.memory_factors import MemoryOwnSecrets


class SealingTests(SynchronousTestCase):
    def setUp(self):
        self.own = MemoryOwnSecrets()
        self.sealing = FactorSealing(self.own, os.urandom)

    def test_opens_under_its_name(self):
        """A value opens under its own name, after a start too, and says nothing sealed."""
        sealed = self.successResultOf(self.sealing.seal("a", b"hunter2"))
        self.assertNotIn(b"hunter2", sealed)
        for sealing in (self.sealing, FactorSealing(self.own, os.urandom)):
            self.assertEqual(self.successResultOf(sealing.unseal("a", sealed)), b"hunter2")
            self.failureResultOf(sealing.unseal("b", sealed), SecretFailed)
            self.failureResultOf(sealing.unseal("a", sealed[:-1] + b"x"), SecretFailed)
            self.failureResultOf(sealing.unseal("a", b""), SecretFailed)

    def test_key_that_is_gone(self):
        """Without the key nothing opens, and no other key is made."""
        sealed = self.successResultOf(self.sealing.seal("a", b"1"))
        self.assertEqual(list(self.own.kept), ["second-factors"])
        empty = MemoryOwnSecrets()
        self.failureResultOf(FactorSealing(empty, os.urandom).unseal("a", sealed), SecretFailed)
        self.assertEqual(empty.kept, {})

    def test_makes_one_key(self):
        """Two first values at once are sealed with one key."""
        waiting = []

        class Slow(MemoryOwnSecrets):
            async def own(self, name):
                waiting.append(Deferred())
                await waiting[-1]
                return await super().own(name)

        sealing = FactorSealing(Slow(), os.urandom)
        both = [Deferred.fromCoroutine(sealing.seal("a", b"1")) for _ in range(2)]
        waiting[0].callback(None)
        sealed = [self.successResultOf(each) for each in both]
        self.assertEqual(len(waiting), 1)
        for each in sealed:
            self.assertEqual(self.successResultOf(sealing.unseal("a", each)), b"1")
