"""An authenticator of passkeys in Python: what a browser would send, and what an attacker might."""

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(number):
    return urlsafe_b64encode(number).rstrip(b"=").decode()


class Authenticator:
    """One passkey. Its answers are right unless a test has them otherwise."""

    def __init__(self, origin="https://auth.example.com", host="auth.example.com"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(16)
        self.origin = origin
        self.host = host
        self.counter = 0
        self.flags = PRESENT | VERIFIED

    def create(self, options):
        """Answer options of an enrolment."""
        client = self._client("webauthn.create", json.loads(options)["challenge"])
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        data = self._data(self.flags | ATTESTED) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {"clientDataJSON": text(client), "attestationObject": text(attestation)}
        )

    def get(self, options, **changes):
        """Answer options of a proof."""
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        self.counter += 1
        data = self._data(self.flags)
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(signature),
            "userHandle": None,
            **changes,
        }
        return self._answer(response)

    def _client(self, kind, challenge):
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _data(self, flags):
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([flags]) + self.counter.to_bytes(4, "big")

    def _answer(self, response):
        named = text(self.id)
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": response})


def challenge_of(options):
    """Return the challenge of options as bytes."""
    challenge = json.loads(options)["challenge"]
    return urlsafe_b64decode(challenge + "=" * (-len(challenge) % 4))
