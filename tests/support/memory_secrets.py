"""Secrets in memory: rows, a store that seals nothing, and the values that references stand for."""

from datetime import UTC, datetime

from msgspec.structs import replace as changed
from zope.interface import implementer

from clace.errors import NoSuchSecret, SecretExists
from clace.interfaces import ISecretRows, ISecrets, ISecretStore, SealedSecret

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


def exists(name):
    return SecretExists(f"secret {name} already exists, use the update option to overwrite")


@implementer(ISecretRows)
class MemorySecretRows:
    def __init__(self):
        self._rows = {}

    def get(self, name):
        return self._rows.get(name)

    def all(self):
        return tuple(row for _, row in sorted(self._rows.items()))

    def put(self, row, *, replace):
        old = self._rows.get(row.name)
        if old and not replace:
            raise exists(row.name)
        kept = {"created_by": old.created_by, "create_time": old.create_time} if old else {}
        self._rows[row.name] = changed(row, **kept)
        return old is not None

    def delete(self, name):
        return self._rows.pop(name, None) is not None

    def rewrite(self, change):
        made = {row.name: new for row in self.all() if (new := change(row)) is not None}
        self._rows |= made
        return tuple(made)


@implementer(ISecretStore)
class MemorySecretStore:
    """Keeps what it is given as it is."""

    name = "db"

    def __init__(self, *, is_default=False):
        self.is_default = is_default
        self._rows = MemorySecretRows()

    async def put(self, entry, *, replace):
        row = SealedSecret(
            name=entry.name,
            key_id="memory",
            sealed=entry.value,
            created_by=entry.created_by,
            create_time=MOMENT,
            update_time=MOMENT,
            description=entry.description,
            source_file=entry.source_file,
        )
        return self._rows.put(row, replace=replace)

    async def find(self, name):
        row = self._rows.get(name)
        if row is None:
            raise NoSuchSecret(f"secret {name}: there is no such secret")
        return row, row.sealed

    async def all(self):
        return self._rows.all()

    async def delete(self, name):
        if not self._rows.delete(name):
            raise NoSuchSecret(f"secret {name}: there is no such secret")

    async def rekey(self, *, dry_run=False):
        return 0, len(self._rows.all())


@implementer(ISecrets)
class MemorySecrets:
    """Values by provider and keys; what was asked for is kept."""

    default_provider = "env"

    def __init__(self, values=None):
        self._values = values or {}
        self.asked = []

    async def values(self, references):
        found = {}
        for reference in references:
            provider = reference.provider or self.default_provider
            self.asked.append((provider, reference.keys))
            try:
                found[reference] = self._values[provider, *reference.keys]
            except KeyError:
                raise NoSuchSecret(f"secret {reference} of provider {provider}: none") from None
        return found
