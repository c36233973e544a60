"""The changes of one commit, made on one connection."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from clace.errors import ChangedMeanwhile, StoreError
from clace.interfaces import AddApp, AddVersion, Change, PointApp, RemoveApp, ReplaceVersion
from clace.metadata import queries, rules
from clace.metadata.contents import StoredContent
from clace.model import App, FileRef


class StoreCommit(Struct, frozen=True):
    """All that a commit needs to know, so that nothing is waited for inside the transaction.

    ``listings`` has the files of the new versions by the place of the change; ``fresh`` the
    contents that were not stored when the commit was prepared.
    """

    changes: tuple[Change, ...]
    listings: Mapping[int, Mapping[str, FileRef]]
    fresh: Mapping[str, StoredContent]
    now: datetime

    def make(self, connection: Connection) -> tuple[App, ...]:
        """The apps that are added and pointed, as they are stored then.

        :raises AppExists, ChangedMeanwhile, NoSuchVersion: the transaction must be undone.
        """
        stored = queries.stored_of(connection, self.fresh)
        new = (content for sha256, content in self.fresh.items() if sha256 not in stored)
        queries.put_contents(connection, new)
        made: dict[str, App] = {}
        for place, change in enumerate(self.changes):
            self._make_one(connection, change, self.listings.get(place, {}), made)
        if any(isinstance(change, RemoveApp) for change in self.changes):
            queries.remove_orphans(connection)
        return tuple(made.values())

    def _make_one(
        self,
        connection: Connection,
        change: Change,
        refs: Mapping[str, FileRef],
        made: dict[str, App],
    ) -> None:
        match change:
            case AddApp(app):
                made[app.id] = self._add_app(connection, app)
            case AddVersion():
                self._add_version(connection, change, refs)
            case PointApp(seen):
                stored = self._unchanged(connection, seen)
                made[seen.id] = rules.pointed(change, stored, self.now)
                queries.replace_app(connection, made[seen.id])
            case ReplaceVersion(app_id, metadata):
                if not queries.replace_version(connection, app_id, metadata):
                    raise rules.no_version(app_id, metadata.version_metadata.version)
            case RemoveApp(seen, keeps_data):
                queries.remove_app(connection, self._unchanged(connection, seen).id)
                made.pop(seen.id, None)
                left = rules.left_by(seen, self.now, keeps_data=keeps_data)
                queries.remember_leftovers(connection, left)
                if keeps_data and not seen.main_app:
                    pruned = rules.pruned(seen, self.now)
                    queries.remember_pruned(connection, pruned, self.now - rules.DATA_KEPT)

    def _add_app(self, connection: Connection, app: App) -> App:
        rules.check_free(app, queries.apps_beside(connection, app))
        added = msgspec.structs.replace(app, update_time=self.now)
        queries.put_app(connection, added)
        queries.forget_pruned(connection, added.id)
        queries.forget_leftovers(connection, added.id)
        return added

    def _add_version(
        self, connection: Connection, change: AddVersion, refs: Mapping[str, FileRef]
    ) -> None:
        app_id, version = change.app_id, change.metadata.version_metadata.version
        if queries.app_of_id(connection, app_id) is None:
            raise rules.gone(app_id)
        if queries.has_version(connection, app_id, version):
            raise rules.version_taken(app_id, version)
        if change.same_as is not None:
            refs = _files_of(connection, *change.same_as)
        else:
            _check_all_stored(connection, refs)
        queries.put_version(connection, app_id, change.metadata, self.now)
        queries.put_names(connection, app_id, version, refs)

    @staticmethod
    def _unchanged(connection: Connection, seen: App) -> App:
        stored = queries.app_of_id(connection, seen.id)
        rules.check_unchanged(seen, stored)
        assert stored is not None
        return stored


def _files_of(connection: Connection, app_id: str, version: int) -> Mapping[str, FileRef]:
    refs = queries.files_of(connection, app_id, version)
    if refs is None:
        raise rules.no_version(app_id, version)
    return refs


def _check_all_stored(connection: Connection, refs: Mapping[str, FileRef]) -> None:
    wanted = {ref.sha256 for ref in refs.values()}
    if wanted - queries.stored_of(connection, wanted):
        # The app that had them was removed after the commit was prepared.
        raise ChangedMeanwhile("stored files were removed meanwhile, try again")


def check_whole(changes: tuple[Change, ...]) -> None:
    """:raises StoreError: a new version comes with no files, or with files from two places."""
    for change in changes:
        if isinstance(change, AddVersion) and (change.files is None) == (change.same_as is None):
            raise StoreError(f"a version of app {change.app_id} needs files from one place")
