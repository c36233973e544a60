"""Previews of apps: created from a commit or a branch, listed, deleted, and ended in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from clace.admin_api import (
    Approval,
    CreatePreview,
    DeletePreview,
    ListPreviews,
    PreviewCreated,
    PreviewDeleted,
    PreviewList,
    PreviewShown,
)
from clace.errors import AppExists, BadRequest, ChangedMeanwhile, NoSuchApp
from clace.interfaces import (
    AddApp,
    AddVersion,
    Asking,
    IAuditEvents,
    IPreviewOperations,
    RemoveApp,
    SourceRevision,
)
from clace.model import App, AppGlob, AppKind, AppPath, Deed
from clace.operations.approval import report
from clace.operations.creation import AppStamp, described
from clace.operations.rooms import OperationRooms
from clace.service import RegularWork
from clace.telling import step

MAX_NAME = 80
_DAY = 86_400
MAX_SECONDS = 10 * 366 * _DAY
_MOST_DIGITS = 9  # int() raises for thousands of them
_CHECKED_EVERY = 60


@implementer(IPreviewOperations)
class PreviewOperations:
    """Apps of another revision beside production apps, with data of their own."""

    def __init__(
        self,
        rooms: OperationRooms,
        stamp: Callable[[], AppStamp],
        urls: Callable[[AppPath], tuple[str, str]],
    ) -> None:
        self._rooms = rooms
        self._stamp = stamp
        self._urls = urls

    async def create_preview(self, query: CreatePreview, request: Asking) -> PreviewCreated:
        catalogue = await self._rooms.catalogue(request)
        main = catalogue.found(query.app_path, request)
        self._check(main, query)
        app = self._preview(main, query, request.user_id)
        self._check_free(app.address, catalogue.apps)
        fetched = await self._rooms.fetch(app, revision_of(main, query))
        with step(f"{app.main_address}: read its declarations"):
            audited = await self._rooms.runtime.audit(app, fetched.files)
        demands, granted = audited.demands, main.metadata.approved
        made = self._created(app, report(app, demands, granted, approve=query.approve), query)
        made = replace(made, warnings=(*fetched.warnings, *audited.warnings))
        if not made.success:
            return made
        allowed = demands if query.approve else demands.granted_by(granted)
        app = described(app, audited.name, fetched, allowed)
        async with self._rooms.draft() as draft:
            draft.change(AddApp(app), AddVersion(app.id, app.metadata, fetched.files))
            await draft.load(app, fetched.files)
            await draft.commit(dry_run=query.dry_run)
        return replace(made, changes=draft.told(request.may_read, dry_run=query.dry_run))

    def _preview(self, main: App, query: CreatePreview, user_id: str) -> App:
        """Return the app that a preview is, before its source is known."""
        stamp = self._stamp()
        ends = lifetime(query.expires_secs, stamp.time)
        return replace(
            main,
            id=AppKind.PREVIEW + stamp.unique,
            path=main.address.preview(query.commit_id).path,
            main_app=main.id,
            user_id=user_id,
            create_time=stamp.time,
            settings=replace(main.settings, expire_time=ends),
        )

    def _created(self, app: App, approval: Approval, query: CreatePreview) -> PreviewCreated:
        http_url, https_url = self._urls(app.address)
        return PreviewCreated(
            app_path_domain=app.address,
            dry_run=query.dry_run,
            http_url=http_url,
            https_url=https_url,
            success=query.approve or not approval.needs_approval,
            approve_result=approval,
            expire_time=app.settings.expire_time,
        )

    async def list_previews(self, query: ListPreviews, request: Asking) -> PreviewList:
        catalogue = await self._rooms.catalogue(request)
        glob = AppGlob.parse(query.app_path_glob)
        if glob.is_literal and not request.may(str(AppPath(glob.path, glob.domain))):
            return PreviewList()
        mains = {app.id: app for app in catalogue.matching(glob)}
        return PreviewList(
            tuple(
                _shown(app, mains[app.main_app])
                for app in catalogue.apps
                if app.kind is AppKind.PREVIEW and app.main_app in mains and request.may_see(app)
            )
        )

    async def delete_preview(self, query: DeletePreview, request: Asking) -> PreviewDeleted:
        catalogue = await self._rooms.catalogue(request)
        main = catalogue.found(query.app_path, request)
        address = main.address.preview(query.commit_id)
        twins = (app for app in catalogue.twins_of(main) if app.kind is AppKind.PREVIEW)
        doomed = next((app for app in twins if app.address == address), None)
        if doomed is None:
            raise NoSuchApp(f"app {main} has no preview of {query.commit_id}")
        data = await self._rooms.data.size(doomed.id)
        async with self._rooms.draft() as draft:
            draft.change(RemoveApp(doomed))
            draft.retract(doomed)
            await draft.commit(dry_run=query.dry_run)
        return PreviewDeleted(
            address,
            query.dry_run,
            data,
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )

    def _check(self, main: App, query: CreatePreview) -> None:
        """:raises BadRequest: if the app can have no preview, or the revision no name."""
        if main.is_dev or main.main_app:
            raise BadRequest(f"app {main} is no production app, and only these have previews")
        if not self._rooms.sources.is_git(main.source_url):
            raise BadRequest(f"app {main} is from a folder; previews need a git source")
        if not 0 < len(query.commit_id) <= MAX_NAME:
            raise BadRequest(f"invalid commit {query.commit_id!r:.99}")

    @staticmethod
    def _check_free(address: AppPath, apps: tuple[App, ...]) -> None:
        if any(app.address == address for app in apps):
            raise AppExists(f"App already exists at {address}")


class PreviewExpiry(RegularWork):
    """Deletes previews whose time has come; looks once a minute."""

    def __init__(self, rooms: OperationRooms, clock: IReactorTime, audit: IAuditEvents) -> None:
        self._rooms = rooms
        self._clock = clock
        self._audit = audit
        problem = "Old previews stay"
        super().__init__(clock, self._end_old, seconds=_CHECKED_EVERY, problem=problem)

    async def _end_old(self) -> None:
        now = datetime.fromtimestamp(self._clock.seconds(), UTC)
        for app in await self._rooms.store.apps():
            ends = app.settings.expire_time
            if app.kind is AppKind.PREVIEW and ends is not None and ends <= now:
                await self._delete(app)

    async def _delete(self, app: App) -> None:
        try:
            async with self._rooms.draft() as draft:
                draft.change(RemoveApp(app))
                draft.retract(app)
                await draft.commit(dry_run=False)
        except ChangedMeanwhile:
            return  # the next look sees it as it is
        self._audit.record(
            Deed(operation="expire_preview", target=str(app), app_id=app.id, detail="deleted")
        )


def revision_of(main: App, query: CreatePreview) -> SourceRevision:
    """Return the revision of the app's source that is to be previewed."""
    return SourceRevision(
        source_url=main.source_url,
        branch=query.commit_id if query.is_branch else "",
        commit="" if query.is_branch else query.commit_id,
        git_auth=main.settings.git_auth_name,
    )


def lifetime(seconds: str, now: datetime) -> datetime | None:
    """Return the end of so many seconds from now; None for no seconds at all.

    :raises BadRequest: if they are not a number, or more than ten years.
    """
    if not seconds:
        return None
    is_number = seconds.isascii() and seconds.isdecimal() and len(seconds) <= _MOST_DIGITS
    if not (is_number and 0 < int(seconds) <= MAX_SECONDS):
        days = MAX_SECONDS // _DAY
        raise BadRequest(f"a preview lasts from a second to {days} days, not {seconds:.40} seconds")
    return now + timedelta(seconds=int(seconds))


def _shown(app: App, main: App) -> PreviewShown:
    version = app.metadata.version_metadata
    return PreviewShown(
        app_path_domain=app.address,
        main_app_path=main.address,
        git_branch=version.git_branch,
        git_commit=version.git_commit,
        git_message=version.git_message,
        user_id=app.user_id,
        create_time=app.create_time,
        expire_time=app.settings.expire_time,
    )
