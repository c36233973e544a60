"""Whose entries are where: the tables of the apps, made when first asked for."""

from __future__ import annotations

from attrs import frozen
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from clace.interfaces import Caller
from clace.model import App, AppKind, AppSchema
from clace.plugins.builtin.store.database import DocumentDatabase
from clace.plugins.builtin.store.failures import failed
from clace.plugins.builtin.store.queries import TableQueries
from clace.plugins.builtin.store.quotas import SpaceQuota
from clace.plugins.builtin.store.tables import collection, prepare
from clace.plugins.kit import CallFailed, shown


@frozen
class _VersionTables:
    """The tables of one app as one version of it declares them."""

    schema: AppSchema
    quota: SpaceQuota
    queries: dict[str, TableQueries]


class AppTables:
    """Finds a caller's tables; a staging app's are its own unless they are shared."""

    def __init__(
        self, database: DocumentDatabase, *, share_with_staging: bool, max_mb: int
    ) -> None:
        self._database = database
        self._max_mb = max_mb
        self._shared = share_with_staging
        self._ready: dict[str, _VersionTables] = {}

    async def find(self, caller: Caller, table: str) -> TableQueries:
        """The queries of a table of the caller.

        :raises CallFailed: if the type is unknown, or the tables cannot be made.
        """
        found = (await self._shelf(caller)).queries.get(table)
        if found is None:
            raise CallFailed(f"table {shown(table)} not found, schema.star has no such type")
        return found

    async def prepare(self, caller: Caller) -> None:
        """Let all of the caller's tables be there, with their indexes.

        :raises CallFailed: if the app declares none, or they cannot be made.
        """
        await self._shelf(caller)

    def owner(self, app: App) -> str:
        """The id of the app whose tables the app's are."""
        shares = self._shared and app.kind is not AppKind.PREVIEW
        return app.main_app or app.id if shares else app.id

    async def _shelf(self, caller: Caller) -> _VersionTables:
        if not caller.schema.types:
            raise CallFailed("store info not found, add a schema.star to the app")
        found = self._ready.get(caller.app.id)
        if found is not None and _is_same(found.schema, caller.schema):
            return found
        async with self._database.making:
            return await self._made(caller)

    async def _made(self, caller: Caller) -> _VersionTables:
        """Made now, unless somebody else just did."""
        found = self._ready.get(caller.app.id)
        if found is None or not _is_same(found.schema, caller.schema):
            owner = self.owner(caller.app)
            found = self._declared(owner, caller.schema)
            await self._make(found)
            self._ready[caller.app.id] = found
        return found

    def _declared(self, owner: str, schema: AppSchema) -> _VersionTables:
        words, dialect = self._database.words, self._database.dialect
        quota = SpaceQuota(owner, self._max_mb)
        collections = (collection(owner, one, words.column_type) for one in schema.types)
        queries = {
            one.doc_type.name: TableQueries(one, words, dialect, quota) for one in collections
        }
        return _VersionTables(schema, quota, queries)

    async def _make(self, shelf: _VersionTables) -> None:
        collections = [queries.entries for queries in shelf.queries.values()]

        def make(connection: Connection) -> None:
            shelf.quota.prepare(connection)
            for one in collections:
                prepare(connection, one, self._database.words)

        try:
            await self._database.declare(shelf.quota.owner, make)
        except SQLAlchemyError as error:
            reason = failed(error, *collections).message
            raise CallFailed(f"cannot make the tables of schema.star: {reason}") from error


def _is_same(one: AppSchema, other: AppSchema) -> bool:
    """Return true for equal schemas; most are the same object."""
    return one is other or one == other
