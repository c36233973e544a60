"""The rooms that operations work in."""

from __future__ import annotations

from attrs import frozen

from clace.interfaces import (
    Asking,
    AuditedSource,
    IAppStore,
    IFiles,
    IInstalledApps,
    IRuntime,
    ISources,
)
from clace.model import App
from clace.operations.catalogue import AppCatalogue
from clace.operations.draft import AppsDraft, Committed, nobody_listens


async def served_files(app: App, store: IAppStore, sources: ISources) -> IFiles:
    """The folder of a dev app as it is, of others the stored version.

    :raises NoSuchVersion: if it is not stored.
    """
    if app.is_dev:
        return sources.live(app.source_url)
    return await store.files(app.id, app.version)


@frozen
class OperationRooms:
    """Stored apps, their sources, the runtime that serves them, and the map of addresses."""

    store: IAppStore
    sources: ISources
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
        return await served_files(app, self.store, self.sources)

    async def audit(self, app: App) -> AuditedSource:
        """Run the top level of the app's served source with plugins that do nothing.

        :raises AppBroken: if it does not load.
        """
        return await self.runtime.audit(app, await self.served_files(app))
