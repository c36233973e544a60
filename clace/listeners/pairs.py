"""A certificate with its chain and its key, read from two PEM files."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from clace.errors import ListenError
from clace.listeners.reasons import reason
from clace.units import MEBIBYTE

_LARGEST = MEBIBYTE
T = TypeVar("T")
Stamp = tuple[tuple[int, ...], ...]
ServerKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey


class CertificatePair(Struct, frozen=True):
    """A server's certificates, first its own, and the key of that one."""

    chain: tuple[x509.Certificate, ...]
    key: ServerKey

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]


class PairFiles(Struct, frozen=True):
    """The files of a pair: ``<folder>/<stem>.crt`` and ``<folder>/<stem>.key``."""

    certificate: Path
    key: Path

    @classmethod
    def named(cls, folder: Path, stem: str) -> PairFiles:
        return cls(folder / f"{stem}.crt", folder / f"{stem}.key")

    def stamp(self) -> Stamp | None:
        """Differs when a file has changed; ``None`` without a certificate."""
        return stamp_at(str(self.certificate.with_suffix("")))

    def read(self) -> CertificatePair:
        """:raises ListenError: a file is missing or not what it should be; names the file."""
        chain = tuple(_parsed(self.certificate, x509.load_pem_x509_certificates))
        return CertificatePair(chain, read_key(self.key))


def read_key(path: Path) -> ServerKey:
    """:raises ListenError: if clients do not take this kind of key, or it is encrypted."""
    key = _parsed(path, _private_key)
    if not isinstance(key, ServerKey):
        raise ListenError(f"{path}: a key of this kind cannot serve TLS")
    return key


def _private_key(content: bytes) -> PrivateKeyTypes:
    # Without this, OpenSSL would ask for the passphrase on the terminal and wait.
    return load_pem_private_key(content, password=None)


def _parsed(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(_content(path))
    except OSError as error:
        raise ListenError(f"{path}: {error.strerror or error}") from error
    except (TypeError, ValueError) as error:
        raise ListenError(f"{path}: {reason(error)}") from error


def _content(path: Path) -> bytes:
    # A pipe would block for ever, a device never end.
    if not stat.S_ISREG(path.stat().st_mode):
        raise ListenError(f"{path}: not a file")
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ListenError(f"{path}: larger than a PEM file could be")
    return content


def stamp_at(place: str) -> Stamp | None:
    """Return the stamp of the files ``<place>.crt`` and ``<place>.key``, whatever they hold.

    A name too long for a file and a folder that may not be read count as no certificate, or
    anybody could fill the log by asking for names. Every handshake asks, so no paths are made.
    """
    try:
        return (_stamp(f"{place}.crt"), _stamp_if_any(f"{place}.key"))
    except OSError:
        return None


def _stamp(path: str) -> tuple[int, ...]:
    found = os.stat(path)  # noqa: PTH116 - see above
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _stamp_if_any(path: str) -> tuple[int, ...]:
    try:
        return _stamp(path)
    except FileNotFoundError:
        return ()
