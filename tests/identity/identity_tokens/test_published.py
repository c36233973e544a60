"""The file of public keys, as the server writes it for programs."""

import json
from pathlib import Path
from types import SimpleNamespace

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.composition.identity_tokens import AppTokens, keys_folder
from clace.errors import SecretFailed
from clace.interfaces import KEYS_FILE
from tests.identity.identity_tokens.test_tokens import ANN, Secrets
from tests.support.threads import at_once


class PublishedTests(SynchronousTestCase):
    def setUp(self):
        self.home = Path(self.mktemp())
        config = SimpleNamespace(home=self.home, security=SimpleNamespace(callback_url=""))
        data = SimpleNamespace(config=config, stored_secrets=Secrets())
        self.tokens = AppTokens(data, Clock(), at_once)

    def test_written(self):
        """The file has the keys that are published, for everybody who sees its folder."""
        self.successResultOf(self.tokens.publish())
        file = keys_folder(self.home) / KEYS_FILE
        published = self.successResultOf(self.tokens.published()).body
        self.assertEqual(json.loads(file.read_bytes()), json.loads(published))
        modes = [one.stat().st_mode & 0o777 for one in (file, file.parent)]
        self.assertEqual(modes, [0o644, 0o755])

    def test_not_written(self):
        """A file that cannot be written keeps no program from starting and is in the log; a token,
        which no program could check, is refused until it can.
        """
        place = keys_folder(self.home)
        place.parent.mkdir(parents=True)
        place.write_bytes(b"in the way")
        self.assertIsNone(self.successResultOf(self.tokens.publish()))
        self.assertEqual(len(self.flushLoggedErrors(SecretFailed)), 1)
        self.failureResultOf(self.tokens.issue(ANN, "app_prd_1"), SecretFailed)
        place.unlink()
        self.assertTrue(self.successResultOf(self.tokens.issue(ANN, "app_prd_1")))
