"""The rooms that operations work in."""

from __future__ import annotations

from attrs import frozen

from clace.interfaces import Audited, IAppStore, IFiles, IInstalledApps, IRuntime, ISources
from clace.model.app import App
from clace.operations.catalogue import Catalogue
from clace.operations.draft import Draft
from clace.operations.served import served_files


@frozen
class Rooms:
    """Stored apps, their sources, the runtime that serves them, and the map of addresses."""

    store: IAppStore
    sources: ISources
    runtime: IRuntime
    installed: IInstalledApps

    async def catalogue(self) -> Catalogue:
        """Return the apps as they are stored now."""
        return Catalogue(await self.store.apps())

    def draft(self) -> Draft:
        """Begin a set of changes."""
        return Draft(self.store, self.runtime, self.installed)

    async def served_files(self, app: App) -> IFiles:
        """:raises NoSuchVersion: if the version of the app is not stored."""
        return await served_files(app, self.store, self.sources)

    async def audit(self, app: App) -> Audited:
        """Run the top level of the app's served source with plugins that do nothing.

        :raises AppBroken: if it does not load.
        """
        return await self.runtime.audit(app, await self.served_files(app))
