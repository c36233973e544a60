"""A folder of certificates: which is shown for which server name, and the default one's care."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct
from OpenSSL import SSL
from twisted.logger import Logger

from clace.errors import ListenError
from clace.listeners.names import file_stems, server_name
from clace.listeners.pairs import PairFiles, Stamp, read_key, stamp_at
from clace.listeners.reasons import reason
from clace.listeners.selfsigned import (
    RENEWED_BEFORE,
    is_ours,
    issue,
    names_of,
    new_key,
    usable_names,
)
from clace.listeners.tls import context_of
from clace.private_files import create_file, make_private_folder, replace_file

_REMEMBERED = 256


class _ReadFiles(Struct, frozen=True):
    """The outcome of reading the files of a stamp; no context if they were of no use."""

    stamp: Stamp
    context: SSL.Context | None


class CertificateStore:
    """Picks a context by server name from ``<folder>/<name>.crt`` and ``.key``.

    For a name without files it looks for ``_.<parent>``, one level of wildcard, and then shows
    ``default``. Files that have changed are read again, files that cannot be used are told once.
    """

    _log = Logger()

    def __init__(
        self,
        folder: Path,
        now: Callable[[], datetime],
        names: Iterable[str],
        *,
        lookup: bool = True,
    ) -> None:
        self._folder = folder
        self._now = now
        self._names = usable_names(names)
        self._lookup = lookup
        self._default = PairFiles.named(folder, "default")
        self._last_default: SSL.Context | None = None
        self._seen: OrderedDict[str, _ReadFiles] = OrderedDict()

    def prepare(self) -> None:
        """Make, renew or check the default certificate, and read it.

        :raises ListenError: if no usable certificate is there, and none can be made.
        """
        try:
            make_private_folder(self._folder)
            self._care_for_default()
        except OSError as error:
            raise ListenError(reason(error)) from error
        stamp = self._default.stamp()
        self._last_default = self._load(self._default)
        if stamp:
            self._seen["default"] = _ReadFiles(stamp, self._last_default)

    def refresh(self) -> None:
        """The daily ``prepare``: a failure is logged, and the certificate at hand stays."""
        try:
            self.prepare()
        except ListenError as error:
            self._log.error("Cannot renew the certificate: {reason}", reason=error.message)

    def context_for(self, sent: bytes | None) -> SSL.Context | None:
        """The context for the name that a client sent, else the default one."""
        name = server_name(sent) if self._lookup else None
        for stem in file_stems(name) if name else ():
            if context := self._current(stem):
                return context
        if context := self._current("default"):
            self._last_default = context
        return self._last_default

    def _current(self, stem: str) -> SSL.Context | None:
        stamp = stamp_at(f"{self._folder}/{stem}")
        if stamp is None:
            self._seen.pop(stem, None)
            return None
        seen = self._seen.get(stem)
        if seen is None or seen.stamp != stamp:
            seen = self._seen[stem] = _ReadFiles(
                stamp, self._read(PairFiles.named(self._folder, stem))
            )
        self._seen.move_to_end(stem)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return seen.context

    def _read(self, files: PairFiles) -> SSL.Context | None:
        try:
            return self._load(files)
        except ListenError as error:
            self._log.error(
                "Cannot use a certificate, showing the default one: {reason}", reason=error.message
            )
            return None

    def _load(self, files: PairFiles) -> SSL.Context:
        pair = files.read()
        try:
            context = context_of(pair)
        except SSL.Error as error:
            raise ListenError(f"{files.certificate}: {reason(error)}") from error
        end = pair.certificate.not_valid_after_utc
        if end - self._now() < RENEWED_BEFORE:
            self._log.warn(
                "The certificate {path} ends on {end}",
                path=str(files.certificate),
                end=end.date().isoformat(),
            )
        return context

    def _care_for_default(self) -> None:
        if not self._default.certificate.is_symlink() and not self._default.certificate.exists():
            self._write_default(self._names)
            return
        certificate = self._default.read().certificate
        if not is_ours(certificate):
            return
        self._close_key()
        if certificate.not_valid_after_utc - self._now() < RENEWED_BEFORE:
            self._write_default(self._names)
        elif not set(self._names) <= set(names_of(certificate)):
            # The old names stay: another listener on this folder may be the one that wants them.
            self._write_default((*self._names, *names_of(certificate)))

    def _close_key(self) -> None:
        # Keys that the original made can be read by everybody.
        if self._default.key.stat().st_mode & 0o077:
            self._default.key.chmod(0o600)
            self._log.warn("Closed {path}: others could read it", path=str(self._default.key))

    def _write_default(self, names: Iterable[str]) -> None:
        # The key stays: only one file changes, so at no moment do the two not belong together,
        # and a key that somebody else put there is never lost.
        create_file(self._default.key, new_key(), 0o600)
        certificate = issue(read_key(self._default.key), names, self._now())
        replace_file(self._default.certificate, certificate.public_bytes(Encoding.PEM), 0o644)
        self._log.info(
            "Made the self-signed certificate {path} for {names}",
            path=str(self._default.certificate),
            names=", ".join(names_of(certificate)),
        )
