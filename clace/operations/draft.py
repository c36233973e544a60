"""Changes that are prepared aside and then made all at once, or not at all."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from msgspec.structs import replace

from clace.interfaces import (
    AddVersion,
    Change,
    IAppStore,
    IFiles,
    IInstalledApps,
    ILoadedApp,
    IRuntime,
    PointApp,
)
from clace.model.app import App, AppMetadata, AppSettings
from clace.model.results import AppChange
from clace.operations.changes import app_changes


class Draft:
    """Collects changes and apps loaded aside, as an ``async with`` block.

    Until ``commit`` nothing has happened, and whatever was loaded is ended when the block fails.
    """

    def __init__(self, store: IAppStore, runtime: IRuntime, installed: IInstalledApps) -> None:
        self._store = store
        self._runtime = runtime
        self._installed = installed
        self._changes: list[Change] = []
        self._loaded: list[tuple[App, ILoadedApp]] = []
        self._retracted: list[App] = []
        self._renewed: list[App] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for _, loaded in self._loaded:
            loaded.discard()

    def change(self, *changes: Change) -> None:
        self._changes += changes

    async def load(self, app: App, files: IFiles) -> None:
        """Load ``app`` aside, to be published when the draft is committed.

        :raises AppBroken: it does not load.
        """
        self._loaded.append((app, await self._runtime.load(app, files)))

    def retract(self, app: App) -> None:
        """Let the app stop serving when the draft is committed."""
        self._retracted.append(app)

    def renew(self, app: App) -> None:
        """Let the next request be answered by the app as it is when the draft is committed.

        It is not loaded aside: that would fail for an app that waits for its approval.
        """
        self._renewed.append(app)

    def settle(self, seen: App, settings: AppSettings) -> None:
        """Give a stored app other settings."""
        self.change(PointApp(seen, seen.metadata, settings))

    def point(self, seen: App, metadata: AppMetadata) -> App:
        """Give a stored app other metadata; the app as it will be."""
        self.change(PointApp(seen, metadata, seen.settings))
        return replace(seen, metadata=metadata)

    async def next_version(
        self, seen: App, metadata: AppMetadata, files: IFiles | None = None
    ) -> App:
        """Give a stored app its next version: of ``files``, or of those that it serves now."""
        number = await self._store.latest_version(seen.id) + 1
        numbered = replace(metadata.version_metadata, version=number, previous_version=seen.version)
        metadata = replace(metadata, version_metadata=numbered)
        after = self.point(seen, metadata)
        same_as = None if files else (seen.id, seen.version)
        self.change(AddVersion(seen.id, metadata, files, same_as))
        return after

    @property
    def changes(self) -> tuple[AppChange, ...]:
        """What they come to, app by app."""
        return app_changes(self._changes)

    async def commit(self, *, dry_run: bool) -> None:
        """Make the changes in one transaction, then let the new apps serve.

        Nothing after the transaction can fail the operation. A dry run only checks.
        """
        await self._store.commit(tuple(self._changes), dry_run=dry_run)
        if dry_run:
            return
        stored = await self._store.apps()
        self._installed.replace(stored)
        newest = {app.id: app for app in stored}
        for app in self._retracted:
            self._runtime.retract(app.id)
        for app in self._renewed:
            self._runtime.renew(newest.get(app.id, app))
        published, self._loaded = self._loaded, []
        for app, loaded in published:
            self._runtime.publish(newest.get(app.id, app), loaded)
