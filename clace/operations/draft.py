"""Changes that are prepared aside and then made all at once, or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import replace

from clace.admin_api import AppChange
from clace.interfaces import (
    AddVersion,
    Change,
    IAppStore,
    IFiles,
    IInstalledApps,
    IRuntime,
    PointApp,
    RemoveApp,
    ReplaceVersion,
)
from clace.model import App, AppMetadata, AppSettings
from clace.operations.changes import app_changes, app_changes_by_value, changed_ids, pinned
from clace.telling import step

MOST_ASIDE = 64
"""The loaded apps that wait for a commit, each in a process of its own."""
Committed = Callable[[Iterable[App]], None]


def nobody_listens(_apps: Iterable[App]) -> None:
    """Keep everything."""


class _DraftedChanges(Struct):
    """Collected changes, in the order in which they were asked for."""

    changes: list[Change] = field(default_factory=list)
    loaded: list[tuple[App, Any]] = field(default_factory=list)  # ILoadedApp
    retracted: list[App] = field(default_factory=list)
    renewed: list[App] = field(default_factory=list)
    carried: list[App] = field(default_factory=list)

    def take(self, other: _DraftedChanges) -> None:
        """Go on with what ``other`` has, which has nothing then."""
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            mine += theirs
            theirs.clear()


class AppsDraft:
    """Collects changes and apps loaded aside, as an ``async with`` block.

    Until ``commit`` nothing has happened, and whatever was loaded is ended when the block fails.
    """

    def __init__(
        self,
        store: IAppStore,
        runtime: IRuntime,
        installed: IInstalledApps,
        committed: Committed = nobody_listens,
    ) -> None:
        """``committed`` is told of the apps that a commit added or changed, as they are then."""
        self._store = store
        self._committed = committed
        self._runtime = runtime
        self._installed = installed
        self._collected = _DraftedChanges()
        self._parts: list[_DraftedChanges] = []
        self._pins: dict[str, dict[str, str]] = {}
        self._aside: deque[tuple[_DraftedChanges, App, Any]] = deque()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._join()
        for _, loaded in self._collected.loaded:
            loaded.discard()

    def part(self) -> AppsDraft:
        """A draft of the same, for work beside other work: what it collects comes in the order in
        which the parts were made, whenever it does.
        """
        part = AppsDraft(self._store, self._runtime, self._installed)
        part._pins, part._aside = self._pins, self._aside
        self._parts.append(part._collected)
        return part

    def change(self, *changes: Change) -> None:
        self._collected.changes += changes

    async def load(self, app: App, files: IFiles) -> None:
        """Load ``app`` aside, to be published when the draft is committed. Of very many apps the
        newest are kept; the others, which have shown that they load, start with a request.

        :raises AppBroken: if it does not load.
        """
        with step(f"{app}: load"):
            loaded = await self._runtime.load(app, files)
        self._collected.loaded.append((app, loaded))
        self._aside.append((self._collected, app, loaded))
        if len(self._aside) > MOST_ASIDE:
            collected, oldest, unused = self._aside.popleft()
            collected.loaded.remove((oldest, unused))
            collected.renewed.append(oldest)
            unused.discard()
        if loaded.pins and loaded.pins != app.metadata.pins:
            self._pins[app.id] = dict(loaded.pins)

    def share_pins(self, app: App, twins: Iterable[App]) -> None:
        """Let the twins of an app that was loaded here have what fixes its program."""
        for twin in twins if app.id in self._pins else ():
            self._pins[twin.id] = self._pins[app.id]

    def pinned(self, app: App) -> App:
        """The app with what fixes its program, if that was found when it was loaded here."""
        pins = self._pins.get(app.id)
        return app if pins is None else replace(app, metadata=replace(app.metadata, pins=pins))

    def retract(self, app: App) -> None:
        """Let the app stop serving when the draft is committed."""
        self._collected.retracted.append(app)

    def staying(self, apps: Iterable[App]) -> tuple[App, ...]:
        """Return those of ``apps`` that the draft does not remove."""
        changes = self._collected.changes
        gone = {change.seen.id for change in changes if isinstance(change, RemoveApp)}
        return tuple(app for app in apps if app.id not in gone)

    def renew(self, app: App) -> None:
        """Let the next request be answered by the app as it is when the draft is committed.

        It is not loaded aside: that would fail for an app that waits for its approval.
        """
        self._collected.renewed.append(app)

    def carry(self, app: App) -> None:
        """Let what answers for the app go on as the app is when the draft is committed: it would be
        loaded from the same.
        """
        self._collected.carried.append(app)

    def settle(self, seen: App, settings: AppSettings) -> App:
        """Give a stored app other settings, which hold whatever its version says; the app as it
        will be.
        """
        before, metadata = seen.settings, seen.metadata
        if metadata.authn_type and settings.authn_type != before.authn_type:
            metadata = replace(metadata, authn_type="")
        if metadata.git_auth_name and settings.git_auth_name != before.git_auth_name:
            metadata = replace(metadata, git_auth_name="")
        self.change(PointApp(seen, metadata, settings))
        if metadata is not seen.metadata and not seen.is_dev:
            self.change(ReplaceVersion(seen.id, metadata))
        return replace(seen, metadata=metadata, settings=settings)

    def own(self, seen: App, user_id: str) -> None:
        """Give a stored app another owner."""
        self.change(PointApp(seen, seen.metadata, seen.settings, user_id))

    def move(self, apps: Iterable[App], source_url: str) -> None:
        """Give stored apps another source, whatever else the draft changes of them."""
        self._join()
        collected, moved = self._collected, {app.id: app for app in apps}
        pointed = {each.seen.id for each in collected.changes if isinstance(each, PointApp)}
        for app in moved.values():
            if app.id not in pointed:
                self.change(PointApp(app, app.metadata, app.settings))
        collected.changes = [
            replace(each, source_url=source_url)
            if isinstance(each, PointApp) and each.seen.id in moved
            else each
            for each in collected.changes
        ]

    def point(self, seen: App, metadata: AppMetadata) -> App:
        """Give a stored app other metadata, and the settings that come with it; the app as it will
        be.
        """
        settings = seen.settings.following(metadata)
        self.change(PointApp(seen, metadata, settings))
        if settings != seen.settings and not seen.is_dev:
            # Whoever goes back to the version before comes back to its settings.
            self.change(ReplaceVersion(seen.id, seen.settings.kept_in(seen.metadata)))
        return replace(seen, metadata=metadata, settings=settings)

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
        """Return the resulting changes, app by app."""
        self._join()
        return app_changes(self._collected.changes)

    def told(self, may_read: Callable[[App], bool], *, dry_run: bool) -> tuple[AppChange, ...]:
        """Return the changes; of a dry run, whose point they are, with values."""
        return self.changes_by_value(may_read) if dry_run else self.changes

    def changes_by_value(self, may_read: Callable[[App], bool]) -> tuple[AppChange, ...]:
        """Return the resulting changes with the values of the apps that ``may_read`` allows."""
        self._join()
        return app_changes_by_value(self._collected.changes, may_read)

    async def commit(self, *, dry_run: bool) -> None:
        """Make the changes in one transaction, then let the new apps serve.

        Nothing after the transaction can fail the operation. A dry run only checks.
        """
        self._join()
        collected = self._collected
        collected.changes = [pinned(change, self._pins) for change in collected.changes]
        with step("store the changes"):
            stored = await self._store.commit(tuple(collected.changes), dry_run=dry_run)
        if dry_run:
            return
        self._installed.change(set(changed_ids(collected.changes)), stored)
        newest = {app.id: app for app in stored}
        for app in collected.retracted:
            self._runtime.retract(app.id)
        for app in collected.renewed:
            self._runtime.renew(newest.get(app.id, app))
        for app in collected.carried:
            self._runtime.carry(newest.get(app.id, app))
        published, collected.loaded = collected.loaded, []
        for app, loaded in published:
            self._runtime.publish(newest.get(app.id, app), loaded)
        self._committed(stored)

    def _join(self) -> None:
        for part in self._parts:
            self._collected.take(part)
