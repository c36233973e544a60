"""The rooms that operations work in."""

from __future__ import annotations

from attrs import frozen
from msgspec.structs import replace

from clace.interfaces import (
    Asking,
    AuditedSource,
    FetchedSource,
    IAppData,
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
from clace.telling import step

_SITE = "static"
"""The spec of a folder that stays on the disk and has no program."""


async def served_files(app: App, store: IAppStore, sources: ISources, specs: ISpecs) -> IFiles:
    """The folder of a dev app as it is, of others the stored version, which for a site that stays
    on the disk is its programs.

    :raises NoSuchVersion: if it is not stored.
    """
    if app.is_dev:
        return specs.live(sources.live(app.source_url), app)
    stored = await store.files(app.id, app.version)
    return sources.on_disk(app.source_url, stored) if app.metadata.stays_on_disk else stored


@frozen
class OperationRooms:
    """Stored apps, their sources, the runtime that serves them, the map of addresses, and the data
    of their programs.
    """

    store: IAppStore
    sources: ISources
    specs: ISpecs
    runtime: IRuntime
    installed: IInstalledApps
    data: IAppData
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
        elif app.metadata.stays_on_disk:
            return await self._site(app, await self.sources.programs(app.source_url))
        else:
            with step(f"{app.main_address}: fetch the source"):
                fetched = await self.sources.fetch(revision)
        return await self.specs.fill(fetched, app)

    async def refilled(self, seen: App, edited: App) -> FetchedSource:
        """Return the files that ``seen`` serves, filled in for the spec that ``edited`` has.

        :raises NoSuchVersion: if the version of the app is not stored.
        :raises BadRequest: if the files are of two specs.
        """
        files = await self.served_files(seen)
        if edited.metadata.spec == seen.metadata.spec:
            return FetchedSource(files=files, spec=seen.metadata.filled_by)
        if seen.metadata.stays_on_disk:
            stored = await self.store.files(seen.id, seen.version)
            return await self._site(edited, FetchedSource(files=stored))
        filled: FetchedSource = await self.specs.fill(FetchedSource(files=files), edited)
        return filled

    async def _site(self, app: App, programs: FetchedSource) -> FetchedSource:
        """Return a site that stays on the disk, of which only programs are kept."""
        if not programs.files.refs and not app.metadata.spec:
            app = replace(app, metadata=replace(app.metadata, spec=_SITE))
        filled = await self.specs.fill(programs, app)
        return replace(filled, files=self.sources.on_disk(app.source_url, filled.files))

    async def audit(self, app: App) -> AuditedSource:
        """Run the top level of the app's served source with plugins that do nothing.

        :raises AppBroken: if it does not load.
        """
        return await self.runtime.audit(app, await self.served_files(app))
