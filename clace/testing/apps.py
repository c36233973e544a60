"""The store without a database: what tests of other rooms use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.encodings import Unencoded
from clace.errors import SourceError
from clace.interfaces import (
    AddApp,
    AddVersion,
    Change,
    IAppStore,
    IFiles,
    ILeftovers,
    Leftovers,
    PointApp,
    PrunedApp,
    RemoveApp,
    ReplaceVersion,
    StoredVersion,
)
from clace.metadata import check_whole, checked, rules
from clace.model import App, FileRef

Contents = Mapping[str, bytes]


@implementer(IFiles)
class KeptFiles(Unencoded):
    """Files of a version, in memory."""

    def __init__(self, refs: Mapping[str, FileRef], contents: Contents) -> None:
        self.refs = refs
        self._contents = contents

    async def read(self, name: str) -> bytes:
        try:
            return self._contents[name]
        except KeyError:
            raise SourceError(f"file {name} does not exist") from None


class _State(Struct):
    """Everything; copied for each commit."""

    apps: dict[str, App]
    versions: dict[tuple[str, int], tuple[StoredVersion, KeptFiles]]
    pruned: dict[str, PrunedApp]
    leftovers: dict[str, Leftovers]

    def copy(self) -> _State:
        return _State(*(getattr(self, name).copy() for name in self.__struct_fields__))

    def make(self, change: Change, files: KeptFiles | None, now: datetime) -> None:
        match change:
            case AddApp(app):
                rules.check_free(app, self.apps.values())
                self.apps[app.id] = msgspec.structs.replace(app, update_time=now)
                self.pruned.pop(app.id, None)
                self.leftovers.pop(app.id, None)
            case AddVersion():
                self.add_version(change, files, now)
            case ReplaceVersion(app_id, metadata):
                key = app_id, metadata.version_metadata.version
                if key not in self.versions:
                    raise rules.no_version(*key)
                stored, kept = self.versions[key]
                self.versions[key] = (msgspec.structs.replace(stored, metadata=metadata), kept)
            case PointApp(seen):
                rules.check_unchanged(seen, self.apps.get(seen.id))
                self.apps[seen.id] = rules.pointed(change, self.apps[seen.id], now)
            case RemoveApp(seen, keeps_data):
                self.leftovers[seen.id] = rules.left_by(seen, now, keeps_data=keeps_data)
                if keeps_data and not seen.main_app:
                    self.pruned[seen.id] = rules.pruned(seen, now)
                rules.check_unchanged(seen, self.apps.get(seen.id))
                del self.apps[seen.id]
                self.versions = {
                    key: kept for key, kept in self.versions.items() if key[0] != seen.id
                }

    def add_version(self, change: AddVersion, files: KeptFiles | None, now: datetime) -> None:
        key = change.app_id, change.metadata.version_metadata.version
        if change.app_id not in self.apps:
            raise rules.gone(change.app_id)
        if key in self.versions:
            raise rules.version_taken(*key)
        if change.same_as is not None:
            if change.same_as not in self.versions:
                raise rules.no_version(*change.same_as)
            files = self.versions[change.same_as][1]
        assert files is not None
        self.versions[key] = (StoredVersion(change.metadata, now), files)


@implementer(ILeftovers)
class MemoryLeftovers:
    """The data of removed apps that are still to be deleted, as changes of a memory store noted."""

    def __init__(self, rows: Callable[[], dict[str, Leftovers]], clock: IReactorTime) -> None:
        self._rows = rows
        self._clock = clock

    async def due(self) -> tuple[Leftovers, ...]:
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        due = (each for each in self._rows().values() if each.due_time <= now)
        return tuple(sorted(due, key=lambda each: each.due_time))

    async def forget(self, app_id: str) -> None:
        self._rows().pop(app_id, None)


@implementer(IAppStore)
class MemoryStore:
    """Keeps the rules and the promises of the seam, and forgets all at the end."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._state = _State({}, {}, {}, {})
        self.leftovers = MemoryLeftovers(lambda: self._state.leftovers, clock)

    async def apps(self) -> tuple[App, ...]:
        by_age = sorted(self._state.apps.values(), key=lambda app: (app.create_time, app.id))
        return tuple(by_age)

    async def commit(
        self, changes: tuple[Change, ...], *, dry_run: bool = False
    ) -> tuple[App, ...]:
        check_whole(changes)
        files = [await _kept(change) for change in changes]
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        state = self._state.copy()
        for change, kept in zip(changes, files, strict=True):
            state.make(change, kept, now)
        if not dry_run:
            self._state = state
        touched = {change.app.id: None for change in changes if isinstance(change, AddApp)}
        touched |= {change.seen.id: None for change in changes if isinstance(change, PointApp)}
        return tuple(state.apps[each] for each in touched if each in state.apps)

    async def files(self, app_id: str, version: int) -> KeptFiles:
        try:
            return self._state.versions[app_id, version][1]
        except KeyError:
            raise rules.no_version(app_id, version) from None

    async def versions(self, app_id: str) -> tuple[StoredVersion, ...]:
        found = (kept[0] for key, kept in self._state.versions.items() if key[0] == app_id)
        return tuple(sorted(found, key=lambda one: one.number))

    async def pruned(self) -> tuple[PrunedApp, ...]:
        since = datetime.fromtimestamp(self._clock.seconds(), UTC) - rules.DATA_KEPT
        found = (each for each in self._state.pruned.values() if each.prune_time >= since)
        return tuple(sorted(found, key=lambda each: each.prune_time, reverse=True))

    async def trim(self, app_id: str, keep: int) -> int:
        numbers = [version for owner, version in self._state.versions if owner == app_id]
        oldest = rules.surplus(self._state.apps.get(app_id), numbers, keep)
        if oldest is None:
            return 0
        del self._state.versions[app_id, oldest]
        return 1

    async def latest_version(self, app_id: str) -> int:
        numbers = (version for owner, version in self._state.versions if owner == app_id)
        return max(numbers, default=0)


async def _kept(change: Change) -> KeptFiles | None:
    if not isinstance(change, AddVersion) or change.files is None:
        return None
    refs = dict(change.files.refs)
    contents = {name: checked(ref, await change.files.read(name)) for name, ref in refs.items()}
    return KeptFiles(refs, contents)
