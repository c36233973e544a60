"""Stored secrets, as operators handle them."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict, replace
from zope.interface import implementer

from clace.admin_api import (
    CreateSecret,
    DeleteSecret,
    GetSecret,
    ListSecrets,
    NamedSecret,
    NewSecret,
    RekeySecrets,
    SecretCreated,
    SecretDeleted,
    SecretDescription,
    SecretFound,
    SecretList,
    SecretsRekeyed,
)
from clace.errors import BadRequest, NoSuchSecret, SecretExists, SecretFailed, TooLarge
from clace.interfaces import Asking, ISecretOperations, ISecretStore, SealedSecret, SecretEntry
from clace.model import reference_text
from clace.units import MEBIBYTE

MAX_VALUE = MEBIBYTE
MAX_TEXT = 4096
TRIES = 10
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,127}")
_PREFIX = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,63}")
_ANY = "secret"


@implementer(ISecretOperations)
class SecretOperations:
    """Operations on the secrets of the one provider that can be written."""

    def __init__(self, store: ISecretStore, suffix: Callable[[], str]) -> None:
        """``suffix`` makes the rest of a name that is made of a prefix."""
        self._store = store
        self._suffix = suffix

    async def create_secret(self, query: CreateSecret, asking: Asking) -> SecretCreated:
        request = query.body
        self._check(request.provider)
        value = _value(request)
        if len(request.description) > MAX_TEXT or len(request.source_file) > MAX_TEXT:
            raise BadRequest(f"a description has at most {MAX_TEXT} characters")
        if not request.name:
            return await self._create_named_by(query, value, asking.user_id)
        if request.prefix:
            raise BadRequest("a secret has a name or a prefix of one, not both")
        _check_name(request.name)
        if query.dry_run:
            return await self._tried(request.name, update=query.update)
        there = await self._store.put(
            _entry(request.name, request, value, asking.user_id), replace=query.update
        )
        return self._created(request.name, updated=there)

    async def list_secrets(self, query: ListSecrets) -> SecretList:
        self._check(query.provider)
        rows = await self._store.all()
        found = (row for row in rows if fnmatchcase(row.name, query.glob or "*"))
        return SecretList(tuple(SecretDescription(**_unsealed_columns(row)) for row in found))

    async def versions(self) -> str:
        """Return a text that changes whenever a secret is stored or deleted."""
        told = sha256()
        for row in await self._store.all():
            told.update(f"{row.name} {row.update_time} ".encode() + row.sealed)
        return told.hexdigest()

    async def get_secret(self, query: GetSecret) -> SecretFound:
        # A browser may send a GET by itself.
        if query.reveal:
            raise BadRequest("the value of a secret is revealed by POST /secret/reveal only")
        self._check(query.provider)
        row, _ = await self._store.find(query.name)
        return SecretFound(**_unsealed_columns(row))

    async def reveal_secret(self, query: NamedSecret) -> SecretFound:
        self._check(query.provider)
        row, value = await self._store.find(query.name)
        text, encoding = _written(value)
        return SecretFound(**_unsealed_columns(row), value=text, encoding=encoding)

    async def delete_secret(self, query: DeleteSecret) -> SecretDeleted:
        self._check(query.provider)
        if query.dry_run:
            if not any(row.name == query.name for row in await self._store.all()):
                raise NoSuchSecret(f"secret {query.name}: there is no such secret")
            line = f"- secret {query.name}"
            return SecretDeleted(query.name, dry_run=True, would_change=(line,))
        await self._store.delete(query.name)
        return SecretDeleted(query.name)

    async def rekey_secrets(self, query: RekeySecrets) -> SecretsRekeyed:
        self._check(query.provider)
        rekeyed, skipped = await self._store.rekey(dry_run=query.dry_run)
        lines = (f"~ {rekeyed} secret(s): sealed with the active key",) if rekeyed else ()
        would = lines if query.dry_run else UNSET
        return SecretsRekeyed(rekeyed, skipped, dry_run=query.dry_run or UNSET, would_change=would)

    async def _create_named_by(
        self, query: CreateSecret, value: bytes, user_id: str
    ) -> SecretCreated:
        request = query.body
        prefix = request.prefix or _ANY
        if not _PREFIX.fullmatch(prefix):
            raise BadRequest(
                "a prefix is 1 to 64 letters, digits, hyphens and underscores, a letter first"
            )
        for _ in range(TRIES):
            name = f"{prefix}_{self._suffix()}"
            if query.dry_run:
                return await self._tried(name, update=False)
            try:
                await self._store.put(_entry(name, request, value, user_id), replace=False)
            except SecretExists:
                continue
            return self._created(name, updated=False)
        raise SecretFailed(f"no name that begins with {prefix} is left")

    async def _tried(self, name: str, *, update: bool) -> SecretCreated:
        """Return what storing a secret would do.

        :raises SecretExists: if there is one, and it is not to be replaced.
        """
        there = any(row.name == name for row in await self._store.all())
        if there and not update:
            raise SecretExists(f"secret {name} already exists, use the update option to overwrite")
        line = f"~ secret {name}: another value" if there else f"+ secret {name}"
        return replace(self._created(name, updated=there), dry_run=True, would_change=(line,))

    def _created(self, name: str, *, updated: bool) -> SecretCreated:
        provider = "" if self._store.is_default else self._store.name
        return SecretCreated(name, self._store.name, reference_text(name, provider), updated)

    def _check(self, provider: str) -> None:
        """:raises BadRequest: if it is not the one that can be written."""
        if provider not in {"", self._store.name}:
            raise BadRequest(
                f"secret provider {provider} is not managed here, only {self._store.name} is"
            )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "the name of a secret is 1 to 128 letters, digits, hyphens and underscores,"
            " a letter first"
        )


def _value(request: NewSecret) -> bytes:
    """
    :raises BadRequest: if it is empty, or not in its encoding.
    :raises TooLarge: if it is larger than secrets are.
    """
    try:
        match request.encoding:
            case "":
                value = request.value.encode()
            case "base64":
                value = b64decode(request.value, validate=True)
            case other:
                raise BadRequest(f'the encoding is "" or "base64", not "{other}"')
    except (binascii.Error, ValueError):
        raise BadRequest("the value is not in its encoding") from None
    if not value:
        raise BadRequest("the value of a secret cannot be empty")
    if len(value) > MAX_VALUE:
        raise TooLarge(f"the value has {len(value)} bytes, over the limit of {MAX_VALUE}")
    return value


def _written(value: bytes) -> tuple[str, str]:
    """The value as JSON can say it, and the encoding."""
    try:
        return value.decode("utf-8"), ""
    except UnicodeDecodeError:
        return b64encode(value).decode("ascii"), "base64"


def _entry(name: str, request: NewSecret, value: bytes, user_id: str) -> SecretEntry:
    return SecretEntry(
        name=name,
        value=value,
        created_by=user_id,
        description=request.description,
        source_file=request.source_file,
    )


def _unsealed_columns(row: SealedSecret) -> dict[str, Any]:
    return {name: told for name, told in asdict(row).items() if name != "sealed"}
