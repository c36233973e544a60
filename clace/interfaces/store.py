"""The apps that are kept, and how they change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from zope.interface import Interface

from clace.interfaces.sources import IFiles
from clace.model import App, AppKind, AppMetadata, AppSettings


class AddApp(Struct, frozen=True):
    """A new app; refused as ``AppExists`` if its address overlaps that of an app not its twin."""

    app: App


class AddVersion(Struct, frozen=True):
    """A version of an app: ``metadata.version_metadata.version``, with the files it serves.

    Either ``files`` or, for what another app already stores, ``same_as`` (app id, version).
    """

    app_id: str
    metadata: AppMetadata
    files: Any = None  # IFiles
    same_as: tuple[str, int] | None = None


class PointApp(Struct, frozen=True):
    """The new state of an app; ``seen`` is the app as the operation read it. A ``user_id`` is the
    new owner, a ``source_url`` the new source.

    :raises ChangedMeanwhile: if the stored app differs from ``seen``.
    """

    seen: App
    metadata: AppMetadata
    settings: AppSettings
    user_id: str = ""
    source_url: str = ""

    @property
    def owner(self) -> str:
        """Return the owner that the app has then."""
        return self.user_id or self.seen.user_id

    @property
    def source(self) -> str:
        """Return the source that the app has then."""
        return self.source_url or self.seen.source_url


class RemoveApp(Struct, frozen=True):
    """An app with its versions and the file contents nobody else has. Its data go soon after; if it
    ``keeps_data`` it is remembered for a while first, so that it can come back to them.
    """

    seen: App
    keeps_data: bool = False


class PrunedApp(Struct, frozen=True):
    """A removed app whose data waits for an app of the same id, address, source and owner."""

    app_id: str
    path: str
    domain: str
    source_url: str
    user_id: str
    prune_time: datetime

    def is_of(self, app: App) -> bool:
        """Tell an app that this one would be if it came back."""
        return (app.id[: len(AppKind.PROD)], app.path, app.domain, app.source_url, app.user_id) == (
            self.app_id[: len(AppKind.PROD)],
            self.path,
            self.domain,
            self.source_url,
            self.user_id,
        )


class Leftovers(Struct, frozen=True):
    """The data of a removed app, which are to be deleted at a time."""

    app_id: str
    path: str
    domain: str
    due_time: datetime


class ReplaceVersion(Struct, frozen=True):
    """Other metadata for the stored version whose number it has; its files stay.

    :raises NoSuchVersion: if the app has none of that number.
    """

    app_id: str
    metadata: AppMetadata


class StoredVersion(Struct, frozen=True):
    """A version as it is kept, and the time when it was added."""

    metadata: AppMetadata
    create_time: datetime

    @property
    def number(self) -> int:
        return self.metadata.version_metadata.version


Change = AddApp | AddVersion | PointApp | RemoveApp | ReplaceVersion


class IAppStore(Interface):
    """Apps, versions and files. Each ``commit`` is one transaction."""

    async def apps() -> tuple[App, ...]:
        """All apps, staging twins included, oldest first."""

    async def commit(changes: tuple[Change, ...], *, dry_run: bool = False) -> tuple[App, ...]:
        """All of the changes in order, or none; a dry run checks them all and keeps none.

        Returns the apps that they add or point as these are then. Of two commits the one that was
        made first returns first.

        :raises AppExists: an address is taken.
        :raises ChangedMeanwhile: an app is not what the operation read.
        """

    async def files(app_id: str, version: int) -> IFiles:
        """:raises NoSuchVersion: the app has none of that number."""

    async def versions(app_id: str) -> tuple[StoredVersion, ...]:
        """The versions that the app has, the lowest first; empty for an app that is not there."""

    async def trim(app_id: str, keep: int) -> int:
        """Forget the oldest version that has ``keep`` others between it and the current one, and
        the contents that only it has; return how many were forgotten: one or none.
        """

    async def pruned() -> tuple[PrunedApp, ...]:
        """The apps that were removed in the last seven days and keep their data; none that came
        back.
        """

    async def latest_version(app_id: str) -> int:
        """The highest version number that the app has; 0 without any."""


class ILeftovers(Interface):
    """The data of removed apps that are still to be deleted."""

    async def due() -> tuple[Leftovers, ...]:
        """Return the data whose time has come, the oldest first; none of an app that came back."""

    async def forget(app_id: str) -> None:
        """Forget the data of an app, which are deleted."""
