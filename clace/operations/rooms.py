"""The rooms that operations work in."""

from __future__ import annotations

from attrs import frozen

from clace.interfaces import (
    Asking,
    AuditedSource,
    FetchedSource,
    IAppStore,
    IFiles,
    IInstalledApps,
    IRuntime,
    ISources,
    ISpecs,
    SourceRevision,
)
from clace.model import App
from clace.operations.catalogue import AppCatalogue
from clace.operations.draft import AppsDraft, Committed, nobody_listens


async def served_files(app: App, store: IAppStore, sources: ISources, specs: ISpecs) -> IFiles:
    """The folder of a dev app as it is, of others the stored version.

    :raises NoSuchVersion: if it is not stored.
    """
    if app.is_dev:
        return specs.live(sources.live(app.source_url), app)
    return await store.files(app.id, app.version)


@frozen
class OperationRooms:
    """Stored apps, their sources, the runtime that serves them, and the map of addresses."""

    store: IAppStore
    sources: ISources
    specs: ISpecs
    runtime: IRuntime
    installed: IInstalledApps
    committed: Committed = nobody_listens

    async def catalogue(self, request: Asking) -> AppCatalogue:
        """Return the apps as they are stored now, for one who asks."""
        return AppCatalogue(await self.store.apps(), request.may_see)

    def draft(self) -> AppsDraft:
        """Begin a set of changes."""
        return AppsDraft(self.store, self.runtime, self.installed, self.committed)

    async def served_files(self, app: App) -> IFiles:
        """:raises NoSuchVersion: if the version of the app is not stored."""
        return await served_files(app, self.store, self.sources, self.specs)

    async def fetch(self, app: App, revision: SourceRevision) -> FetchedSource:
        """Return the app's source with what its spec adds; of a dev app the folder as it is.

        :raises SourceError: if it cannot be fetched.
        """
        if app.is_dev:
            fetched = FetchedSource(files=self.sources.live(app.source_url))
        else:
            fetched = await self.sources.fetch(revision)
        return await self.specs.fill(fetched, app)

    async def refilled(self, seen: App, edited: App) -> IFiles:
        """Return the files that ``seen`` serves, filled in for the spec that ``edited`` has.

        :raises NoSuchVersion: if the version of the app is not stored.
        :raises BadRequest: if the files are of two specs.
        """
        files = await self.served_files(seen)
        if edited.metadata.spec == seen.metadata.spec:
            return files
        filled: IFiles = (await self.specs.fill(FetchedSource(files=files), edited)).files
        return filled

    async def audit(self, app: App) -> AuditedSource:
        """Run the top level of the app's served source with plugins that do nothing.

        :raises AppBroken: if it does not load.
        """
        return await self.runtime.audit(app, await self.served_files(app))
