"""Tests for ``clace.identity.identity_tokens``: tokens, and the life of their keys."""

import json
from itertools import count

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet, OctKey
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from clace.errors import ClaceError, SecretFailed
from clace.identity.identity_tokens.keys import (
    AHEAD_SECONDS,
    DAY,
    KEPT_SECONDS,
    NAME,
    RENEWED_SECONDS,
    IdentityKeys,
    StoredKey,
)
from clace.identity.identity_tokens.tokens import IdentityTokens
from clace.identity.signing import TokenRegistry
from clace.model.identity import Assurance, Identity

NOW = 1_800_000_000
ANN = Identity(
    user_id="oidc:ann@example.org",
    subject="u-1",
    name="Ann",
    email="ann@example.org",
    groups=("staff", "blue"),
    assurance=Assurance.SSO,
    session_id="ses_1",
)


class Secrets:
    """Own secrets in memory, as a test may break them."""

    def __init__(self):
        self.kept = {}
        self.is_broken = False

    async def own(self, name):
        if self.is_broken:
            raise SecretFailed("the key is gone")
        return self.kept.get(name)

    async def put_own(self, name, value):
        self.kept[name] = value


class TokenCase(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.clock.advance(NOW)
        self.secrets = Secrets()
        self.published = []
        self.numbers = count(1)
        self.start()

    def start(self):
        """A server begins, over the same secrets."""
        random = lambda size: next(self.numbers).to_bytes(size, "big")  # noqa: E731

        async def publish(keys):
            self.published.append(keys)

        self.keys = IdentityKeys(self.secrets, self.clock, random, publish)
        self.tokens = IdentityTokens(self.keys, self.clock, random, "https://apps.example.com")

    def token(self, identity=ANN, app="app_prd_1"):
        return self.successResultOf(self.tokens.token(identity, app))

    def public(self):
        return json.loads(self.successResultOf(self.keys.public()))

    def read(self, token, keys=None):
        """The token as an app reads it, with the published keys."""
        found = KeySet.import_key_set(keys or self.public())
        return jwt.decode(token, found, registry=TokenRegistry("EdDSA"))


class TokenTests(TokenCase):
    def test_claims(self):
        """A token says who asks, for which app, and for a minute."""
        token = self.read(self.token())
        kid = self.public()["keys"][0]["kid"]
        self.assertEqual(token.header, {"alg": "EdDSA", "kid": kid, "typ": "JWT"})
        self.assertEqual(len(token.claims.pop("jti")), 22)
        self.assertEqual(
            token.claims,
            {
                "iss": "https://apps.example.com",
                "aud": "app_prd_1",
                "sub": "oidc:ann@example.org",
                "provider_sub": "u-1",
                "name": "Ann",
                "email": "ann@example.org",
                "groups": ["staff", "blue"],
                "sid": "ses_1",
                "acr": "sso",
                "iat": NOW,
                "exp": NOW + 60,
            },
        )

    def test_of_an_api_token(self):
        """Who asks by an API token is told with the token's id, and without a session."""
        asks = Identity(user_id="a", assurance=Assurance.TOKEN, token_id="tok_1")
        claims = self.read(self.token(asks)).claims
        self.assertEqual((claims["acr"], claims["token_id"]), ("token", "tok_1"))
        self.assertNotIn("sid", claims)

    def test_another_algorithm(self):
        """A reader of one algorithm refuses a token of another one, even by the right secret."""
        secret = OctKey.import_key("a secret of thirty-two characters")
        token = jwt.encode({"alg": "HS256"}, {}, secret)
        registry = TokenRegistry("EdDSA")
        self.assertRaises(UnsupportedAlgorithmError, jwt.decode, token, secret, registry=registry)

    def test_each_is_new(self):
        """No two requests have the same token."""
        tokens = [self.read(self.token()).claims["jti"] for _ in range(5)]
        self.assertEqual(len(set(tokens)), 5)

    def test_many_groups(self):
        """Groups that would make a header too long are left out, and that is said."""
        groups = tuple(f"group-{number}" for number in range(1000))
        token = self.token(Identity(user_id="a", groups=groups))
        self.assertLess(len(token), 8192)
        claims = self.read(token).claims
        self.assertNotIn("groups", claims)
        self.assertEqual(claims["groups_left_out"], 1000)


class KeyTests(TokenCase):
    def test_public(self):
        """The published keys tell nothing of the private ones; what is stored is not published."""
        (key,) = self.public()["keys"]
        self.assertEqual(set(key), {"kty", "crv", "x", "kid", "use", "alg"})
        (stored,) = msgspec.json.decode(self.secrets.kept["identity-keys"], type=list[StoredKey])
        self.assertNotIn(stored.parts["d"], json.dumps(key))
        self.assertNotIn(stored.parts["d"], repr(stored))

    def test_none_until_asked(self):
        """A server whose tokens nobody wants makes no key."""
        self.assertEqual(self.secrets.kept, {})

    def test_restart(self):
        """Keys survive a restart."""
        token = self.token()
        self.start()
        self.assertEqual(self.read(token).claims["sub"], ANN.user_id)
        self.assertEqual(len(self.public()["keys"]), 1)

    def test_published_before_used(self):
        """A new key is published, also as a file, an hour before a token has it."""
        first = self.read(self.token()).header["kid"]
        self.clock.advance(RENEWED_SECONDS - AHEAD_SECONDS - 1)
        self.token()
        self.assertEqual(len(self.published), 1)
        self.clock.advance(61)
        self.assertEqual(self.read(self.token()).header["kid"], first)
        self.assertEqual(len(self.published), 2)
        before = json.loads(self.published[-1])
        self.clock.advance(AHEAD_SECONDS)
        token = self.read(self.token(), before)
        self.assertNotEqual(token.header["kid"], first)

    def test_kept_after_use(self):
        """An old key is published for a day after its last token, and no longer."""
        token = self.token()
        self.clock.advance(RENEWED_SECONDS)
        self.token()
        self.clock.advance(AHEAD_SECONDS + 60)
        self.token()
        self.read(token)
        self.clock.advance(KEPT_SECONDS)
        self.assertEqual(len(self.public()["keys"]), 1)
        self.assertRaises(InvalidKeyIdError, self.read, token, self.two_keys())

    def two_keys(self):
        """The published keys beside another: a set of one key is taken whatever its name is."""
        key = self.public()["keys"][0]
        return {"keys": [key, {**key, "kid": "other"}]}

    def test_long_sleep(self):
        """After a year without a token the old key signs until the new one was published."""
        first = self.read(self.token()).header["kid"]
        self.clock.advance(365 * DAY)
        self.start()
        self.assertEqual(self.read(self.token()).header["kid"], first)
        self.clock.advance(AHEAD_SECONDS)
        self.assertNotEqual(self.read(self.token()).header["kid"], first)

    def test_broken_store(self):
        """Without the sealing key no token is made, and nothing is overwritten."""
        self.token()
        kept = dict(self.secrets.kept)
        self.secrets.is_broken = True
        self.start()
        self.failureResultOf(self.tokens.token(ANN, "a"), SecretFailed)
        self.assertEqual(self.secrets.kept, kept)
        self.secrets.is_broken = False
        self.token()

    def test_damaged_store(self):
        """Keys that cannot be read are not taken for missing ones, which would be made anew."""
        self.secrets.kept[NAME] = b'[{"id": 1}]'
        self.failureResultOf(self.tokens.token(ANN, "a"), ClaceError)
        self.assertEqual((self.secrets.kept[NAME], self.published), (b'[{"id": 1}]', []))
