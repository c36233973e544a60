"""Secrets: where they are, who has them, how they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from zope.interface import Attribute, Interface

from clace.model import SecretReference


class ISecretProvider(Interface):
    """A provider of secrets. It blocks: threads ask it, and the server while it starts."""

    delimiter: str = Attribute("what the keys of a reference are joined with")

    def value(name: str) -> str:
        """The secret of this name; no error repeats it.

        :raises NoSuchSecret: if no secret has this name.
        :raises SecretFailed: if the provider cannot be asked, or its value is not text.
        """


class ISecrets(Interface):
    """The secrets of all providers, for texts that name them."""

    default_provider: str = Attribute("the one of references that name none")

    async def values(references: Iterable[SecretReference]) -> Mapping[SecretReference, str]:
        """
        :raises NoSuchSecret: if a secret is missing; names provider and key.
        :raises SecretFailed: if a provider is unknown or cannot be asked.
        """


class SealedSecret(Struct, frozen=True, kw_only=True):
    """A stored secret: ``sealed`` is useless without the key that ``key_id`` names."""

    name: str
    key_id: str
    sealed: bytes
    created_by: str = ""
    create_time: datetime
    update_time: datetime
    description: str = ""
    source_file: str = ""


class ISecretRows(Interface):
    """Sealed secrets in a database. It blocks.

    :raises StoreError: from every method, the database failed.
    """

    def get(name: str) -> SealedSecret | None:
        """The one of this name."""

    def all() -> tuple[SealedSecret, ...]:
        """In the order of their names."""

    def put(row: SealedSecret, *, replace: bool) -> bool:
        """Store it; one that is replaced keeps who created it and when.

        Returns whether there was one before.

        :raises SecretExists: there is, and it is not to be replaced.
        """

    def delete(name: str) -> bool:
        """Delete a secret; return false if it was not there."""

    def rewrite(change: Callable[[SealedSecret], SealedSecret | None]) -> tuple[str, ...]:
        """Replace rows by what ``change`` makes of them, in one transaction, or on its error none.

        ``None`` leaves a row. Returns the names of those that were replaced.
        """


class SecretEntry(Struct, frozen=True, kw_only=True):
    """A secret to be kept under a name."""

    name: str
    value: bytes
    created_by: str = ""
    description: str = ""
    source_file: str = ""

    def __repr__(self) -> str:
        return f"SecretEntry({self.name!r})"


class ISecretStore(Interface):
    """The one provider that can be written."""

    name: str = Attribute("its name in references")
    is_default: bool = Attribute("whether references that name no provider mean it")

    async def put(entry: SecretEntry, *, replace: bool) -> bool:
        """Store a secret; return true if it replaced another.

        :raises SecretExists: there is, and it is not to be replaced.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def find(name: str) -> tuple[SealedSecret, bytes]:
        """The secret and its value.

        :raises NoSuchSecret: if no secret has this name.
        :raises SecretFailed: the store cannot be used; says why.
        """

    async def all() -> tuple[SealedSecret, ...]:
        """Return all secrets in the order of their names; they are not opened."""

    async def delete(name: str) -> None:
        """:raises NoSuchSecret: if no secret has this name."""

    async def rekey(*, dry_run: bool = False) -> tuple[int, int]:
        """Seal all with the active key, reading the keys anew: how many were, how many had it.
        A dry run only counts.

        :raises SecretFailed: a key is missing; nothing was changed.
        """


class IOwnSecrets(Interface):
    """Secrets of the server itself, kept as those of operators are; no reference can name them.

    :raises SecretFailed: from every method, the store cannot be used; says why.
    """

    async def own(name: str) -> bytes | None:
        """Return the secret of this name, if there is one."""

    async def put_own(name: str, value: bytes) -> None:
        """Store it in the place of the one before."""
