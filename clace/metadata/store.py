"""The apps in a database: one thread writes, a few read, and none of it is the reactor's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.database import (
    MigratedSchema,
    UpgradeOptions,
    moment,
    reading_engine,
    sqlite_path,
    transaction,
    writing_engine,
)
from clace.interfaces import (
    AddVersion,
    Change,
    IAppStore,
    IFiles,
    PrunedApp,
    StoredVersion,
)
from clace.metadata import queries, rules
from clace.metadata.changes import StoreCommit, check_whole
from clace.metadata.contents import FreshContents, Handful
from clace.metadata.files import StoredContents, StoredFiles
from clace.metadata.leftover_rows import StoredLeftovers
from clace.model import App, FileRef
from clace.threads import InThread, ThreadPool

T = TypeVar("T")
SCHEMA = MigratedSchema("clace.metadata:migrations")
_READERS = 4


def open_store(url: str, options: UpgradeOptions, reactor: Any) -> AppStore:
    """The store at a ``sqlite:<path>`` URL, with the newest schema; a service to be started.

    Blocks while it looks at the schema. Nothing is left open, so forking afterwards is safe.

    :raises StoreError: the database cannot be opened or upgraded; the text names it.
    """
    path = sqlite_path(url)
    SCHEMA.prepare(path, options, moment(reactor))
    writer = ThreadPool(reactor, "metadata-writer")
    readers = ThreadPool(reactor, "metadata-readers", _READERS)
    packer = ThreadPool(reactor, "metadata-packer")
    store = AppStore(path, reactor, write=writer.run, read=readers.run, pack=packer.run)
    for threads in (writer, readers, packer):
        threads.setServiceParent(store)
    return store


@implementer(IAppStore)
class AppStore(MultiService):
    """Apps, versions and files in an SQLite database that has the newest schema."""

    def __init__(
        self, path: Path, clock: IReactorTime, *, write: InThread, read: InThread, pack: InThread
    ) -> None:
        super().__init__()
        self.setName("metadata")
        self._writing = writing_engine(path)
        self._reading = reading_engine(path, _READERS)
        self._clock = clock
        self._write, self._read, self._pack = write, read, pack
        self._contents = StoredContents(self._ask, self._keep, pack)
        self.leftovers = StoredLeftovers(self._ask, self._keep, clock)

    async def apps(self) -> tuple[App, ...]:
        return await self._ask("list the apps", queries.all_apps)

    def apps_at_start(self) -> tuple[App, ...]:
        """The same, at once: before the reactor runs there is nothing to wait with."""
        with transaction(self._reading, "list the apps") as connection:
            return queries.all_apps(connection)

    async def latest_version(self, app_id: str) -> int:
        work = partial(queries.latest_version, app_id=app_id)
        return await self._ask(f"look up the versions of app {app_id}", work)

    async def versions(self, app_id: str) -> tuple[StoredVersion, ...]:
        work = partial(queries.versions_of, app_id=app_id)
        return await self._ask(f"list the versions of app {app_id}", work)

    async def pruned(self) -> tuple[PrunedApp, ...]:
        since = moment(self._clock) - rules.DATA_KEPT
        work = partial(queries.pruned_since, since=since)
        return await self._ask("list the apps that were pruned", work)

    async def trim(self, app_id: str, keep: int) -> int:
        def work() -> int:
            with transaction(self._writing, "forget an old version") as connection:
                app = queries.app_of_id(connection, app_id)
                surplus = rules.surplus(app, queries.version_numbers(connection, app_id), keep)
                if surplus is not None:
                    queries.remove_version(connection, app_id, surplus)
                return int(surplus is not None)

        return await self._write(work)

    async def files(self, app_id: str, version: int) -> StoredFiles:
        def work(connection: Connection) -> tuple[dict[str, FileRef] | None, frozenset[str]]:
            return (
                queries.files_of(connection, app_id, version),
                queries.compressed_of(connection, app_id, version),
            )

        refs, compressed = await self._ask(f"list the files of app {app_id}", work)
        if refs is None:
            raise rules.no_version(app_id, version)
        return StoredFiles(refs, compressed, self._contents)

    async def commit(
        self, changes: tuple[Change, ...], *, dry_run: bool = False
    ) -> tuple[App, ...]:
        check_whole(changes)
        sources = {
            place: change.files
            for place, change in enumerate(changes)
            if isinstance(change, AddVersion) and change.files is not None
        }
        listings = {place: dict(files.refs) for place, files in sources.items()}
        fresh = await self._packed(sources, listings)
        commit = StoreCommit(changes, listings, fresh, moment(self._clock))
        return await self._write(partial(self._make, commit, keep=not dry_run))

    async def _packed(
        self, sources: Mapping[int, IFiles], listings: Mapping[int, Mapping[str, FileRef]]
    ) -> FreshContents:
        """The contents that are not stored yet, read one by one and compressed by the handful: to
        give each to a thread would take longer than to compress it.
        """
        wanted = {
            ref.sha256: (sources[place], name, ref)
            for place, refs in listings.items()
            for name, ref in refs.items()
        }
        work = partial(queries.stored_of, wanted=tuple(wanted))
        stored = await self._ask("look up stored files", work)
        fresh, handful = FreshContents(), Handful()
        for sha256 in wanted.keys() - stored:
            files, name, ref = wanted[sha256]
            handful.add(ref, await files.read(name))
            if handful.is_full:
                await self._pack(partial(fresh.pack, handful))
                handful = Handful()
        if handful.files:
            await self._pack(partial(fresh.pack, handful))
        return fresh

    def _make(self, commit: StoreCommit, *, keep: bool) -> tuple[App, ...]:
        with transaction(self._writing, "store the changes", keep=keep) as connection:
            return commit.make(connection)

    async def _keep(self, purpose: str, work: Callable[[Connection], None]) -> None:
        def kept() -> None:
            with transaction(self._writing, purpose) as connection:
                work(connection)

        await self._write(kept)

    async def _ask(self, purpose: str, query: Callable[[Connection], T]) -> T:
        def work() -> T:
            with transaction(self._reading, purpose) as connection:
                return query(connection)

        return await self._read(work)

    def stopService(self) -> Deferred[None]:
        """Fires when what was given is stored and the database is closed."""
        return maybeDeferred(super().stopService).addCallback(lambda _: self._close())

    def _close(self) -> None:
        self._reading.dispose()
        self._writing.dispose()
