"""Authorities whose client certificates are believed, and the certificates they took back."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Struct
from OpenSSL.crypto import X509, X509Store, X509StoreContext, X509StoreContextError, X509StoreFlags
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from clace.errors import ConfigError, NotAuthenticated
from clace.units import MEBIBYTE

FAILED = "client certificate verification failed"
REMEMBERED_SECONDS = 60
"""Seconds until a certificate that was good, and the files, are looked at again."""
_REMEMBERED = 1000
_LARGEST = 16 * MEBIBYTE
_LIST = re.compile(b"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_CLIENTS = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})
_WEAK = (MD5, SHA1)
T = TypeVar("T")
Stamp = tuple[tuple[int, int, int], ...]


class _Files(Struct, frozen=True):
    """The files as they were read: certificates of authorities, and their lists."""

    roots: tuple[x509.Certificate, ...]
    revoked: tuple[x509.CertificateRevocationList, ...]


class Authorities:
    """The files of an entry ``[client_auth.NAME]``, read again when they change.

    With a file of lists every authority on the way from a certificate to its root needs one that
    is not over: a list that is missing could have the certificate on it.
    """

    _log = Logger()

    def __init__(self, ca_file: Path, crl_file: Path | None, clock: IReactorTime) -> None:
        """:raises ConfigError: if a file cannot be read, or holds something else."""
        self._paths = (ca_file, crl_file) if crl_file else (ca_file,)
        self._clock = clock
        self._stamp = self._now_stamp()
        self._files = self._read()
        self._looked = clock.seconds()
        self._known: OrderedDict[bytes, float] = OrderedDict()

    def check(self, certificate: x509.Certificate, issuers: Iterable[x509.Certificate]) -> None:
        """Check that it is one of theirs, for clients, valid now, and not taken back.

        :raises NotAuthenticated: it is not.
        """
        self._look()
        now = self._clock.seconds()
        key = certificate.fingerprint(SHA256())
        if self._known.get(key, 0.0) > now:
            return
        problem = self._problem(certificate, issuers, now)
        if problem:
            raise NotAuthenticated(f"{FAILED}: {problem}")
        end = certificate.not_valid_after_utc.timestamp()
        self._known[key] = min(now + REMEMBERED_SECONDS, end)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _problem(
        self, certificate: x509.Certificate, issuers: Iterable[x509.Certificate], now: float
    ) -> str:
        """Return why the certificate is refused, or an empty text."""
        try:
            leaf, *between = map(X509.from_cryptography, (certificate, *issuers))
            verified = X509StoreContext(self._store(now), leaf, between).get_verified_chain()
            chain = [each.to_cryptography() for each in verified]
            # The root is trusted for what it is; everything below has to be fit for clients.
            return next((found for each in chain[:-1] or chain if (found := _unfit(each))), "")
        except X509StoreContextError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - whatever a certificate is made of
            return f"it cannot be read: {type(error).__name__}"

    def _store(self, now: float) -> X509Store:
        store = X509Store()
        store.set_time(datetime.fromtimestamp(now, UTC).replace(tzinfo=None))
        for root in self._files.roots:
            store.add_cert(X509.from_cryptography(root))
        for each in self._files.revoked:
            store.add_crl(each)
        if len(self._paths) > 1:
            store.set_flags(X509StoreFlags.CRL_CHECK | X509StoreFlags.CRL_CHECK_ALL)
        return store

    def _look(self) -> None:
        """Read files that have changed; what cannot be read is told, and what was read holds."""
        now = self._clock.seconds()
        if now - self._looked < REMEMBERED_SECONDS:
            return
        self._looked = now
        stamp = self._now_stamp()
        if stamp == self._stamp:
            return
        try:
            self._files = self._read()
        except ConfigError as error:
            self._log.error("Cannot read authorities anew: {reason}", reason=error.message)
            return
        self._stamp = stamp
        self._known.clear()

    def _now_stamp(self) -> Stamp:
        return tuple(map(_stamp_of, self._paths))

    def _read(self) -> _Files:
        ca_file, *rest = self._paths
        roots = _parsed(ca_file, x509.load_pem_x509_certificates, "certificates")
        revoked = [_parsed(path, _lists, "lists of revoked certificates") for path in rest]
        return _Files(tuple(roots), tuple(each for lists in revoked for each in lists))


def _stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _parsed(path: Path, parse: Callable[[bytes], list[T]], kind: str) -> list[T]:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        found = parse(content) if len(content) <= _LARGEST else []
    except ValueError:
        found = []
    if not found:
        raise ConfigError(f"{path}: expected {kind} in PEM")
    return found


def _lists(content: bytes) -> list[x509.CertificateRevocationList]:
    return [x509.load_pem_x509_crl(block) for block in _LIST.findall(content)]


def _unfit(certificate: x509.Certificate) -> str:
    """Return why a certificate cannot prove a client, or an empty text."""
    if isinstance(certificate.signature_hash_algorithm, _WEAK):
        return "its signature is too weak"
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if _CLIENTS & set(usage) else "it is not for clients"
