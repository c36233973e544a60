"""Installed apps: listing, showing, creating and deleting them."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace
from zope.interface import implementer

from clace.admin_api import (
    AppCreated,
    AppData,
    AppDescription,
    AppFound,
    AppList,
    AppListed,
    AppsDeleted,
    AppShown,
    CreateApp,
    DeleteApps,
    ListApps,
    OneApp,
)
from clace.interfaces import Asking, IAppOperations, RemoveApp
from clace.model import App, AppGlob, AppPath
from clace.operations.creation import AppCreation
from clace.operations.promotion import is_staged_ahead
from clace.operations.rooms import OperationRooms
from clace.operations.showing import AppShowing


@implementer(IAppOperations)
class AppOperations:
    """Operations on installed apps as such; see ``VersionOperations`` for what they serve."""

    def __init__(self, rooms: OperationRooms, creation: AppCreation, showing: AppShowing) -> None:
        self._rooms = rooms
        self._creation = creation
        self._showing = showing

    async def list_apps(self, query: ListApps, request: Asking) -> AppList:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        listed: list[AppListed] = []
        if pattern.is_literal and not request.may(str(AppPath(pattern.path, pattern.domain))):
            return AppList()
        for main in filter(request.may_see, catalogue.matching(pattern)):
            listed.append(_listed(main, staged_changes=is_staged_ahead(catalogue, main)))
            if query.internal:
                listed += map(_listed, catalogue.twins_of(main))
        return AppList(tuple(listed))

    async def get_app(self, query: OneApp, request: Asking) -> AppFound:
        return AppFound((await self._rooms.catalogue(request)).found(query.app_path, request))

    async def show_app(self, query: OneApp, request: Asking) -> AppShown:
        return await self._showing.show(query.app_path, request)

    async def create_app(self, query: CreateApp, request: Asking) -> AppCreated:
        return await self._creation.create(query, request)

    async def delete_apps(self, query: DeleteApps, request: Asking) -> AppsDeleted:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        doomed = catalogue.selected(pattern, request)
        gone = [app for main in doomed for app in (*catalogue.twins_of(main), main)]
        data = await self._data_of(gone)
        async with self._rooms.draft() as draft:
            for app in gone:
                draft.change(RemoveApp(app))
                draft.retract(app)
            await draft.commit(dry_run=query.dry_run)
        described = tuple(_description(app) for app in doomed)
        return AppsDeleted(
            query.dry_run,
            described,
            data,
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )

    async def _data_of(self, apps: Iterable[App]) -> tuple[AppData, ...]:
        sizes = [(app.address, await self._rooms.data.size(app.id)) for app in apps]
        return tuple(AppData(app_path_domain=path, size=size) for path, size in sizes if size)


def _listed(app: App, *, staged_changes: bool = False) -> AppListed:
    fields = {name: getattr(app, name) for name in app.__struct_fields__}
    # A lock has a hundred kilobytes, and a list is of many apps.
    fields["metadata"] = replace(app.metadata, pins={})
    return AppListed(**fields, staged_changes=staged_changes)


def _description(app: App) -> AppDescription:
    version = app.metadata.version_metadata
    return AppDescription(
        path=app.path,
        domain=app.domain,
        name=app.metadata.name,
        id=app.id,
        is_dev=app.is_dev,
        main_app=app.main_app,
        auth=app.settings.authn_type,
        source_url=app.source_url,
        spec=app.metadata.filled_by,
        version=version.version,
        git_sha=version.git_commit,
        git_message=version.git_message,
        branch=version.git_branch,
    )
