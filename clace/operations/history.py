"""Stored versions of one app: told, compared, and gone back to."""

from __future__ import annotations

from zope.interface import implementer

from clace.admin_api import (
    ApprovalsRevoked,
    AppVersion,
    CompareVersions,
    FileList,
    FileRead,
    FileVerified,
    ListFiles,
    ListVersions,
    ReadFile,
    RevokeApprovals,
    SwitchVersion,
    VerifyFile,
    VersionList,
    VersionsCompared,
    VersionSwitched,
)
from clace.errors import BadRequest, NoSuchFile, NoSuchVersion, TooLarge
from clace.interfaces import Asking, IFiles, IHistoryOperations, ReplaceVersion, StoredVersion
from clace.model import App, AppGlob, AppPath, Demands, FileRef
from clace.operations.approval import needs_approval
from clace.operations.catalogue import AppCatalogue
from clace.operations.comparison import compared
from clace.operations.rooms import OperationRooms
from clace.operations.served import served_as
from clace.units import MEBIBYTE

_MOST_DIGITS = 18
PREVIOUS, NEXT, REVERT = "previous", "next", "revert"
MAX_FILE = 16 * MEBIBYTE


@implementer(IHistoryOperations)
class HistoryOperations:
    """Operations on versions that are stored already."""

    def __init__(self, rooms: OperationRooms) -> None:
        self._rooms = rooms

    async def list_versions(self, query: ListVersions, request: Asking) -> VersionList:
        app = versioned((await self._rooms.catalogue(request)).found(query.app_path, request))
        stored = await self._rooms.store.versions(app.id)
        return VersionList(tuple(_entry(app, one) for one in stored))

    async def list_files(self, query: ListFiles, request: Asking) -> FileList:
        _number, files = await self._files(query.app_path, query.version, request)
        return FileList(tuple(ref for _name, ref in sorted(files.refs.items())))

    async def read_file(self, query: ReadFile, request: Asking) -> FileRead:
        number, files = await self._files(query.app_path, query.version, request)
        ref = files.refs.get(query.name)
        if ref is None:
            raise NoSuchFile(f"version {number} of {query.app_path} has no file {query.name}")
        if ref.size > MAX_FILE:
            raise TooLarge(f"{query.name} has {ref.size} bytes, more than {MAX_FILE}")
        return FileRead(query.name, number, await files.read(query.name))

    async def verify_file(self, query: VerifyFile, request: Asking) -> FileVerified:
        app = (await self._rooms.catalogue(request)).found(query.app_path, request)
        return await served_as(self._rooms, app, query.sha256.lower(), query.name)

    async def compare_versions(self, query: CompareVersions, request: Asking) -> VersionsCompared:
        catalogue = await self._rooms.catalogue(request)
        app = versioned(catalogue.found(query.app_path, request))
        stored = await self._with_staging(catalogue, app)
        old, new = _ends(catalogue, app, stored, query)
        return compared(app, await self._side(*old), await self._side(*new))

    async def switch_version(self, query: SwitchVersion, request: Asking) -> VersionSwitched:
        app = versioned((await self._rooms.catalogue(request)).found(query.app_path, request))
        chosen = _chosen(app, await self._rooms.store.versions(app.id), query.version)
        number = chosen.number
        missing = chosen.metadata.approved.missing_from(app.metadata.approved)
        if missing and not query.approve:
            raise needs_approval(app, missing, *_approving(query.version))
        async with self._rooms.draft() as draft:
            if number != app.version:
                after = draft.point(app, chosen.metadata)
                await draft.load(after, await self._rooms.store.files(app.id, number))
            await draft.commit(dry_run=query.dry_run)
        return VersionSwitched(
            query.dry_run,
            app.version,
            number,
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )

    async def revoke_approvals(self, query: RevokeApprovals, request: Asking) -> ApprovalsRevoked:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        mains = catalogue.selected(pattern, request)
        if not query.revoked:
            raise BadRequest("revoked is required")
        revoked: list[AppPath] = []
        async with self._rooms.draft() as draft:
            for main in mains:
                for app in (main, *catalogue.twins_of(main)):
                    edits = await self._revocations(app, query.revoked)
                    draft.change(*edits)
                    kept = app.metadata.without(_matching(app.metadata.approved, query.revoked))
                    if kept is not app.metadata:
                        draft.renew(draft.point(app, kept))
                    if edits or kept is not app.metadata:
                        revoked.append(app.address)
            if not revoked and pattern.is_literal:
                raise BadRequest(f"app {mains[0]} has no approval of {query.revoked}")
            await draft.commit(dry_run=query.dry_run)
        return ApprovalsRevoked(
            query.dry_run,
            tuple(revoked),
            len(mains),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )

    async def _revocations(self, app: App, revoked: str) -> list[ReplaceVersion]:
        """Return the changes to stored versions that have the approval."""
        edits = []
        for one in await self._rooms.store.versions(app.id):
            kept = one.metadata.without(_matching(one.metadata.approved, revoked))
            if kept is not one.metadata:
                edits.append(ReplaceVersion(app.id, kept))
        return edits

    async def _files(self, path: str, version: str, request: Asking) -> tuple[int, IFiles]:
        """Return a version's number and files, of the staging app if only that has it."""
        catalogue = await self._rooms.catalogue(request)
        app = versioned(catalogue.found(path, request))
        if not version:
            return app.version, await self._rooms.store.files(app.id, app.version)
        known = await self._with_staging(catalogue, app)
        number = _chosen(app, _stored(known), version).number
        return number, await self._rooms.store.files(known[number][0], number)

    async def _with_staging(self, catalogue: AppCatalogue, app: App) -> _Known:
        """Return the versions of an app, and those that only its staging app has."""
        owners = filter(None, (catalogue.staging_if_any(app), app))
        return {
            one.number: (owner.id, one)
            for owner in owners
            for one in await self._rooms.store.versions(owner.id)
        }

    async def _side(
        self, app_id: str, one: StoredVersion
    ) -> tuple[StoredVersion, dict[str, FileRef]]:
        return one, dict((await self._rooms.store.files(app_id, one.number)).refs)


_Known = dict[int, tuple[str, StoredVersion]]
"""Versions by their number, each with the id of the app that has it."""


def _stored(known: _Known) -> tuple[StoredVersion, ...]:
    return tuple(one for _owner, one in known.values())


def versioned(app: App) -> App:
    """:raises BadRequest: if the app has no versions."""
    if app.is_dev:
        raise BadRequest("version commands not supported for dev app")
    return app


def _entry(app: App, one: StoredVersion) -> AppVersion:
    return AppVersion(
        active=one.number == app.version,
        app_id=app.id,
        version=one.number,
        previous_version=one.metadata.version_metadata.previous_version,
        user_id=app.user_id,
        metadata=one.metadata,
        create_time=one.create_time,
    )


def _chosen(app: App, stored: tuple[StoredVersion, ...], word: str) -> StoredVersion:
    """Return the version that a word means.

    :raises BadRequest: if it is neither a number nor one of the words.
    :raises NoSuchVersion: if the app has no such version.
    """
    by_number = {one.number: one for one in stored}
    number = _number(app, sorted(by_number), word)
    if number not in by_number:
        raise NoSuchVersion(f"app {app} has no version {number}")
    return by_number[number]


def _number(app: App, numbers: list[int], word: str) -> int:
    if word == PREVIOUS:
        earlier = [number for number in numbers if number < app.version]
        return earlier[-1] if earlier else _nothing("no previous version found")
    if word == NEXT:
        later = [number for number in numbers if number > app.version]
        return later[0] if later else _nothing("no next version found")
    if word == REVERT:
        before = app.metadata.version_metadata.previous_version
        return before if before in numbers else _nothing("no version found to revert to")
    if not (word.isascii() and word.isdecimal()):
        words = f"a number, {PREVIOUS}, {NEXT} or {REVERT}"
        raise BadRequest(f"invalid version {word!r:.40}, expected {words}")
    if len(word) > _MOST_DIGITS:
        _nothing(f"app {app} has no version {word:.40}")
    return int(word)


def _nothing(message: str) -> int:
    raise NoSuchVersion(message)


def _ends(
    catalogue: AppCatalogue, app: App, known: _Known, query: CompareVersions
) -> tuple[tuple[str, StoredVersion], tuple[str, StoredVersion]]:
    """Return the two versions that a comparison is about."""
    stored = _stored(known)
    current = str(app.version)
    old, new = query.old, query.new
    if not old and not new:
        staged = str((catalogue.staging_if_any(app) or app).version)
        old, new = (current, staged) if staged != current else (PREVIOUS, current)
    chosen = (_chosen(app, stored, word or current).number for word in (old, new))
    first, second = chosen
    return known[first], known[second]


def _matching(approved: Demands, revoked: str) -> Demands:
    """Return those approvals that a name means: of a plugin, or of one function of it."""
    return Demands(
        tuple(load for load in approved.loads if load == revoked),
        tuple(
            each
            for each in approved.permissions
            if revoked in (each.plugin, f"{each.plugin}.{each.method}")
        ),
    )


def _approving(word: str) -> tuple[str, ...]:
    """The words of the same command, approving."""
    if word == REVERT:
        return ("version", "revert", "--approve")
    return ("version", "switch", "--approve", word)
