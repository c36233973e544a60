"""An OpenID Connect provider in memory, which does whatever a test wants of it."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from treq.testing import RequestTraversalAgent
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.web.resource import Resource

from clace.identity.oauth.entries import ProviderEntry
from clace.identity.oauth.id_tokens import half_hash
from clace.identity.oauth.provider import OAuthProvider
from clace.identity.oauth.requests import ProviderRequests
from clace.interfaces import Arrival

ISSUER = "https://login.example.com"
NOW = 1_800_000_000
KEY = ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, private=True)
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "two", "use": "sig"}, private=True)
RSA_KEY = RSAKey.generate_key(2048, {"kid": "rsa"}, private=True)
ENTRY = ProviderEntry(
    name="oidc",
    key="clace",
    secret="hunter2",
    callback_url="https://apps.example.com",
    discovery_url=f"{ISSUER}/.well-known/openid-configuration",
)

UNKNOWN_KEY = "token: signed with a key that the provider does not publish"
# One claim or one header that is wrong, and the reason for which the token is refused then.
REFUSED_CLAIMS = (
    ({"iss": "https://evil.example"}, "token: issuer"),
    ({"iss": f"{ISSUER}/"}, "token: issuer"),
    ({"iss": None}, "token: issuer"),
    ({"aud": "other"}, "token: audience"),
    ({"aud": ["other"]}, "token: audience"),
    ({"aud": None}, "token: audience"),
    ({"aud": {"clace": 1}}, "token: audience"),
    ({"azp": "other"}, "token: authorized party"),
    (
        {"aud": ["other", "clace"]},
        "token: audience of several without an authorized party",
    ),
    ({"exp": NOW - 60}, "token: expired"),
    ({"exp": None}, "token: expired"),
    ({"exp": str(NOW + 300)}, "token: expired"),
    ({"exp": True}, "token: expired"),
    ({"iat": NOW + 61}, "token: issued in the future"),
    ({"iat": None}, "token: issued in the future"),
    ({"nbf": NOW + 61}, "token: not valid yet"),
    ({"nbf": "x"}, "token: not valid yet"),
    ({"nonce": "other"}, "token: nonce"),
    ({"nonce": None}, "token: nonce"),
    ({"nonce": 1}, "token: nonce"),
    ({"sub": None}, "token: subject"),
    ({"sub": ""}, "token: subject"),
    ({"sub": 1}, "token: subject"),
    ({"sub": "x" * 256}, "token: subject"),
    ({"sub": "u-2"}, "user: the profile is of another user"),
    ({"at_hash": "other"}, "token: hash of the access token"),
    ({"groups": ["g"] * 2001}, "user: too many groups"),
)
REFUSED_HEADERS = (
    ({"kid": "two"}, UNKNOWN_KEY),
    ({"kid": "../keys"}, UNKNOWN_KEY),
    ({"jwk": OTHER_KEY.as_dict(private=False)}, "token: header not allowed"),
    ({"jku": "https://evil.example/keys"}, "token: header not allowed"),
    ({"x5u": "https://evil.example/cert"}, "token: header not allowed"),
    ({"crit": ["exp"], "exp": 1}, "token: header not allowed"),
    ({"b64": False}, "token: header not allowed"),
    ({"kid": 1}, "token: malformed header"),
    ({"typ": "at+jwt"}, "token: of another type"),
    ({"typ": "logout+jwt"}, "token: of another type"),
)


def signed(claims, key=KEY, **header):
    """A token; its header says ES256 and the key's id unless it is told otherwise.

    A key of bytes is one for an HMAC. Written without the library, which signs nothing odd.
    """
    kid = None if isinstance(key, bytes) else key.kid
    full = {"alg": "ES256", "kid": kid, "typ": "JWT", **header}
    text = f"{segment({name: each for name, each in full.items() if each is not None})}."
    text += segment(claims)
    if isinstance(key, bytes):
        made = hmac.digest(key, text.encode(), f"sha{full['alg'][2:]}")
    else:
        made = jws.JWSRegistry.algorithms[full["alg"]].sign(text.encode(), key)
    return f"{text}.{urlsafe_b64encode(made).rstrip(b'=').decode()}"


def segment(value):
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class FakeProvider(Resource):
    """Answers of a provider; ``answers`` by path go before its own, ``asked`` are requests."""

    isLeaf = True

    def __init__(self, issuer=ISSUER):
        super().__init__()
        self.issuer = issuer
        self.clock = Clock()
        self.clock.advance(NOW)
        self.keys = [KEY]
        self.answers = {}
        self.asked = []
        self.codes = {}
        self.given = 0
        self.refreshes = {}
        self.user = {"sub": "u-1", "email": "ann@example.org", "email_verified": True}
        self.profile = {"sub": "u-1", "name": "Ann", "groups": ["staff"]}
        self.description = {}
        self.claims = {}
        self.header = {}
        self.key = KEY
        self.token = {}
        self.hanging = False
        self.hung = 0

    def requests(self):
        """Requests of ours that arrive here, in memory."""
        return ProviderRequests(_Agent(self), self.clock)

    def paths(self):
        return [path for _, path, *_ in self.asked]

    def render(self, request):
        path = request.path.decode()
        form = dict(parse_qsl(request.content.read().decode()))
        self.asked.append((request.method, path, form, request.getHeader(b"authorization")))
        status, value = self.answers.get(path) or getattr(self, "at" + path.replace("/", "_"))(form)
        request.setResponseCode(status)
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    def __getattr__(self, name):
        if name == "at_.well-known_openid-configuration":
            return lambda _form: (200, self.described())
        raise AttributeError(name)

    def described(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            **self.description,
        }

    def at_keys(self, _form):
        return 200, {"keys": [key.as_dict(private=False) for key in self.keys]}

    def at_userinfo(self, _form):
        return 200, self.profile

    def at_token(self, form):
        if form.get("grant_type") == "refresh_token":
            nonce = self.refreshes.pop(form.get("refresh_token"), None)
        else:
            nonce, challenge = self.codes.pop(form.get("code"), (None, None))
            made = sha256(form.get("code_verifier", "").encode()).digest()
            if urlsafe_b64encode(made).rstrip(b"=").decode() != challenge:
                nonce = None
        if nonce is None:
            return 400, {"error": "invalid_grant"}
        access = f"access-{len(self.asked)}"
        refresh = f"refresh-{len(self.asked)}"
        self.refreshes[refresh] = nonce
        return 200, {
            "access_token": access,
            "token_type": "Bearer",
            "refresh_token": refresh,
            "expires_in": 600,
            "id_token": self.id_token(nonce, access),
            **self.token,
        }

    def id_token(self, nonce, access):
        now = int(self.clock.seconds())
        claims = {
            "iss": self.issuer,
            "aud": "clace",
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "sid": "s-1",
            "at_hash": half_hash(access, "ES256"),
            **self.user,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return signed(claims, self.key, **self.header)

    def authorize(self, departure):
        """The code for a browser that arrives with a departure."""
        asked = parse_qs(urlsplit(departure.url).query)
        self.given += 1
        code = f"code-{self.given}"
        self.codes[code] = (asked.get("nonce", [""])[0], asked["code_challenge"][0])
        return code


class _Agent:
    """Requests reach the provider, unless it is ``hanging``."""

    def __init__(self, provider):
        self._provider = provider
        self._agent = RequestTraversalAgent(provider)

    def request(self, *args):
        if not self._provider.hanging:
            return self._agent.request(*args)
        self._provider.hung += 1
        return Deferred()


def provider_of(fake, entry=ENTRY):
    """Ours, in front of the fake one."""
    numbers = iter(range(1, 10_000))
    return OAuthProvider(
        entry, fake.requests(), fake.clock, lambda count: next(numbers).to_bytes(count, "big")
    )


def arrival(fake, departure, **parameters):
    """A browser that comes back from the provider."""
    given = {"code": fake.authorize(departure), "state": "s", **parameters}
    kept = {name: value for name, value in given.items() if value is not None}
    return Arrival(parameters=kept, kept=departure.kept)
