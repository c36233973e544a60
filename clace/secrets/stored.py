"""The secrets of the metadata database: sealed, with the key kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from math import inf
from threading import Lock
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace
from zope.interface import implementer

from clace.admin_api import KEY_BYTES
from clace.errors import ClaceError, NoSuchSecret, SecretExists, SecretFailed
from clace.interfaces import (
    IOwnSecrets,
    ISecretProvider,
    ISecretRows,
    ISecretStore,
    SealedSecret,
    SecretEntry,
)
from clace.secrets.keys import SealingKeys
from clace.secrets.sealing import seal, unseal
from clace.threads import InThread

_OWN = "clace:"  # no secret of an operator can have such a name
KEYCHECK = f"{_OWN}keycheck"
_KNOWN = b"clace:keycheck"
_ELSEWHERE = f"{_OWN}elsewhere:"
_NONE = "there is no such secret"


class KeySource(Protocol):
    """The source of the keys."""

    def read(self) -> SealingKeys | None:
        """:raises SecretFailed: if no key can be used."""

    def create(self, random: Callable[[int], bytes]) -> None:
        """Make a key if it is missing and is made here."""


class SealingContext(Struct, frozen=True):
    """Threads, time and randomness."""

    in_thread: InThread
    seconds: Callable[[], float]
    random: Callable[[int], bytes]


@implementer(ISecretProvider, ISecretStore, IOwnSecrets)
class StoredSecrets:
    """Refuses everything, saying why, as long as its key is not the one that was used before."""

    delimiter = "/"

    def __init__(
        self,
        name: str,
        rows: ISecretRows,
        source: KeySource,
        around: SealingContext,
        *,
        is_default: bool = False,
    ) -> None:
        self.name = name
        self.is_default = is_default
        self._rows = rows
        self._source = source
        self._around = around
        # What is put while all is sealed anew must not be sealed with the key from before.
        self._sealing = Lock()
        self._keys: SealingKeys | None = None
        self._is_marked = False
        self._reason = "its keys have not been read"

    def open(self) -> None:
        """Read the keys; if they are not the right ones, ``problem`` says why. Blocks."""
        try:
            self._keys, self._is_marked = self._checked()
            self._reason = ""
        except ClaceError as error:
            self._reason = error.message

    @property
    def problem(self) -> str:
        """Why nothing can be had from here and nothing be stored; empty if all is well."""
        return f"secret provider {self.name} is disabled: {self._reason}" if self._reason else ""

    def value(self, name: str) -> str:
        try:
            return self._opened(name)[1].decode("utf-8")
        except UnicodeDecodeError:
            raise SecretFailed("it is binary, not text") from None

    async def put(self, entry: SecretEntry, *, replace: bool) -> bool:
        return await self._around.in_thread(partial(self._put, entry, replace=replace))

    async def find(self, name: str) -> tuple[SealedSecret, bytes]:
        try:
            return await self._around.in_thread(partial(self._opened, name))
        except SecretFailed as error:
            raise type(error)(f"secret {name}: {error.message}") from error

    async def all(self) -> tuple[SealedSecret, ...]:
        rows = await self._around.in_thread(self._rows.all)
        return tuple(row for row in rows if not row.name.startswith(_OWN))

    async def delete(self, name: str) -> None:
        def work() -> None:
            if name.startswith(_OWN) or not self._rows.delete(name):
                raise NoSuchSecret(f"secret {name}: {_NONE}")

        await self._around.in_thread(work)

    async def own(self, name: str) -> bytes | None:
        def work() -> bytes | None:
            row = self._rows.get(_OWN + name)
            keys = self._usable()
            if row is None or keys is None:
                return None
            return unseal(keys, row.key_id, row.name, row.sealed)

        return await self._around.in_thread(work)

    async def put_own(self, name: str, value: bytes) -> None:
        entry = SecretEntry(name=_OWN + name, value=value)
        await self._around.in_thread(partial(self._put, entry, replace=True))

    def own_key(self, purpose: str) -> bytes:
        """Return a random key of the server's own for one purpose, made when first asked for.

        It stays the same, whichever key seals it. Blocks.

        :raises SecretFailed: if the store cannot be used; says why.
        """
        name = _own_key_name(purpose)
        row = self._rows.get(name)
        if row is None:
            with suppress(SecretExists):  # another server was quicker
                value = self._around.random(KEY_BYTES)
                self._put(SecretEntry(name=name, value=value), replace=False)
            row = self._rows.get(name)
        keys = self._usable() or self._read_again()
        if row is None or keys is None:
            raise SecretFailed(f"the key for {purpose} is gone")
        return unseal(keys, row.key_id, row.name, row.sealed)

    def own_key_made(self, purpose: str) -> float:
        """Return when a key of the server's own was made; infinity for one that is not. Blocks."""
        row = self._rows.get(_own_key_name(purpose))
        return row.create_time.timestamp() if row else inf

    def seal(self, name: str, value: bytes) -> tuple[str, bytes]:
        """Seal what is kept elsewhere, and return the id of the key too. Blocks.

        :raises SecretFailed: if no key can be used.
        """
        with self._sealing:
            keys = self._marked_keys()
            return keys.active.id, seal(keys.active, _ELSEWHERE + name, value, self._around.random)

    def unseal(self, key_id: str, name: str, sealed: bytes) -> bytes:
        """Return what ``seal`` was given.

        :raises SecretFailed: if it does not open with the key of this id.
        """
        keys = self._usable()
        if keys is None:
            raise SecretFailed(_NONE)
        return unseal(keys, key_id, _ELSEWHERE + name, sealed)

    async def rekey(self, *, dry_run: bool = False) -> tuple[int, int]:
        return await self._around.in_thread(self._rekeyable if dry_run else self._rekey)

    def _checked(self) -> tuple[SealingKeys | None, bool]:
        """The keys, ``None`` if none was needed yet, and whether it is known which are right.

        :raises SecretFailed: they are not those that were used before.
        """
        keys = self._source.read()
        check = self._rows.get(KEYCHECK)
        if check is None:
            return keys, False
        if keys is None:
            raise SecretFailed("the key file is gone, and what is stored cannot be read without it")
        try:
            unseal(keys, check.key_id, check.name, check.sealed)
        except SecretFailed:
            raise SecretFailed(
                f"the key is not the one that the stored secrets were sealed with ({check.key_id})"
            ) from None
        return keys, True

    def _read_again(self) -> SealingKeys | None:
        """Return the keys that another server has made meanwhile."""
        self.open()
        return self._usable()

    def _usable(self) -> SealingKeys | None:
        if self._reason:
            raise SecretFailed(self.problem)
        return self._keys

    def _opened(self, name: str) -> tuple[SealedSecret, bytes]:
        row = None if name.startswith(_OWN) else self._rows.get(name)
        keys = self._usable()  # after the row, which may just have been sealed with a new one
        if row is None or keys is None:
            raise NoSuchSecret(_NONE)
        return row, unseal(keys, row.key_id, row.name, row.sealed)

    def _put(self, entry: SecretEntry, *, replace: bool) -> bool:
        with self._sealing:
            keys = self._marked_keys()
            return self._rows.put(self._sealed(keys, entry), replace=replace)

    def _marked_keys(self) -> SealingKeys:
        """The keys to seal with; they are made if need be, and known from now on."""
        keys = self._usable()
        if keys is None:
            keys = self._first_keys()
        if not self._is_marked:
            self._mark(keys)
        return keys

    def _first_keys(self) -> SealingKeys:
        """The key file is made when something is stored for the first time."""
        self._source.create(self._around.random)
        self._keys = self._source.read()
        if self._keys is None:
            raise SecretFailed("the key that was just made is gone")
        return self._keys

    def _mark(self, keys: SealingKeys) -> None:
        """Store what the right key will be known by.

        :raises SecretFailed: another server was quicker, with another key.
        """
        check = SecretEntry(name=KEYCHECK, value=_KNOWN)
        try:
            self._rows.put(self._sealed(keys, check), replace=False)
        except SecretExists:
            self._checked()
        self._is_marked = True

    def _rekey(self) -> tuple[int, int]:
        with self._sealing:
            self.open()
            keys = self._usable()
            if keys is None:
                return 0, 0
            changed = set(self._rows.rewrite(partial(self._resealed, keys)))
        names = {row.name for row in self._rows.all() if not row.name.startswith(_OWN)}
        return len(names & changed), len(names - changed)

    def _rekeyable(self) -> tuple[int, int]:
        """Count what would be sealed anew, with the keys as they are now."""
        keys, _ = self._checked()
        rows = [row for row in self._rows.all() if not row.name.startswith(_OWN)]
        changed = [row for row in rows if keys and self._resealed(keys, row) is not None]
        return len(changed), len(rows) - len(changed)

    def _resealed(self, keys: SealingKeys, row: SealedSecret) -> SealedSecret | None:
        if row.key_id == keys.active.id:
            return None
        try:
            value = unseal(keys, row.key_id, row.name, row.sealed)
        except SecretFailed as error:
            raise SecretFailed(f"secret {row.name}: {error.message}") from error
        sealed = seal(keys.active, row.name, value, self._around.random)
        return replace(row, key_id=keys.active.id, sealed=sealed)

    def _sealed(self, keys: SealingKeys, entry: SecretEntry) -> SealedSecret:
        now = datetime.fromtimestamp(self._around.seconds(), UTC)
        return SealedSecret(
            name=entry.name,
            key_id=keys.active.id,
            sealed=seal(keys.active, entry.name, entry.value, self._around.random),
            created_by=entry.created_by,
            create_time=now,
            update_time=now,
            description=entry.description,
            source_file=entry.source_file,
        )


def _own_key_name(purpose: str) -> str:
    return f"{_OWN}key:{purpose}"
