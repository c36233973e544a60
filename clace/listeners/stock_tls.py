"""Twisted's own ``tls:FOLDER`` endpoint, which some folders keep busy for ever.

From each certificate it goes to the issuer among those of the folder that have no key there, and
does not notice when that leads round in circles, as with an authority that signed itself.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from clace.errors import ListenError

_BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)


def check_folder(folder: Path) -> None:
    """:raises ListenError: ``tls:`` could go round in circles there."""
    blocks = [match for path in folder.rglob("*.pem") for match in _blocks(path)]
    keys = {_key(match[0]) for match in blocks if match[1].endswith(b"PRIVATE KEY")}
    certificates = [_certificate(match[0]) for match in blocks if match[1] == b"CERTIFICATE"]
    issuers = {
        each.subject.public_bytes(): each.issuer.public_bytes()
        for each in certificates
        if each and _spki(each.public_key()) not in keys
    }
    if any(_is_circular(issuers, subject) for subject in issuers):
        raise ListenError(
            f"{folder} holds an authority that signed itself, with which Twisted's tls: endpoint "
            "never gets done; take it out of the folder, or use clace-tls:"
        )


def _is_circular(issuers: dict[bytes, bytes], start: bytes) -> bool:
    seen: set[bytes] = set()
    subject = start
    while subject in issuers and subject not in seen:
        seen.add(subject)
        subject = issuers[subject]
    return subject in seen


def _blocks(path: Path) -> list[re.Match[bytes]]:
    return list(_BLOCK.finditer(path.read_bytes())) if path.is_file() else []


# What cannot be read is left to the endpoint, which says so itself.


def _key(block: bytes) -> bytes | None:
    try:
        return _spki(load_pem_private_key(block, password=None).public_key())
    except (TypeError, ValueError):
        return None


def _certificate(block: bytes) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(block)
    except ValueError:
        return None


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
