"""Versions of apps: approving, reloading and promoting them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from zope.interface import implementer

from clace.admin_api import (
    Approval,
    ApproveApps,
    AppsApproved,
    AppsPromoted,
    AppsReloaded,
    PromoteApps,
    ReloadApps,
)
from clace.errors import AppNotApproved, BadRequest
from clace.interfaces import Asking, IFiles, IVersionOperations
from clace.model import App, AppGlob, AppPath, Demands
from clace.operations.approval import report
from clace.operations.catalogue import naming
from clace.operations.draft import AppsDraft
from clace.operations.promotion import is_behind, promote
from clace.operations.reloading import AppReloading
from clace.operations.rooms import OperationRooms


@implementer(IVersionOperations)
class VersionOperations:
    """Operations that make a new version of apps, or let production serve it."""

    def __init__(self, rooms: OperationRooms, reloading: AppReloading) -> None:
        self._rooms = rooms
        self._reloading = reloading

    async def approve_apps(self, query: ApproveApps, request: Asking) -> AppsApproved:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        approvals: list[Approval] = []
        promoted: list[AppPath] = []
        warnings: list[str] = []
        async with self._rooms.draft() as draft:
            for main in catalogue.selected(pattern, request):
                with naming(main):
                    edited = catalogue.edited(main)
                    files = await self._rooms.served_files(edited)
                    audited = await self._rooms.runtime.audit(edited, files)
                    warnings += (f"{main}: {text}" for text in audited.warnings)
                    approval, after = await _approve_one(draft, edited, audited.demands, files)
                    approvals.append(approval)
                    if query.promote and not main.is_dev and is_behind(main, after):
                        stored = await self._rooms.served_files(edited)
                        await promote(draft, self._rooms.store, main, after, stored)
                        promoted.append(main.address)
            await draft.commit(dry_run=query.dry_run)
        return AppsApproved(
            query.dry_run,
            tuple(approvals),
            tuple(promoted),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
            warnings=tuple(warnings),
        )

    async def reload_apps(self, query: ReloadApps, request: Asking) -> AppsReloaded:
        return await self._reloading.reload(query, request)

    async def promote_apps(self, query: PromoteApps, request: Asking) -> AppsPromoted:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        promoted: list[AppPath] = []
        mains = catalogue.selected(pattern, request)
        if pattern.is_literal:
            check_promotable(mains)
        async with self._rooms.draft() as draft:
            for main in mains:
                if main.is_dev or not is_behind(main, staging := catalogue.staging_of(main)):
                    continue
                with naming(main), _to_approve(main):
                    await promote(draft, self._rooms.store, main, staging)
                promoted.append(main.address)
            await draft.commit(dry_run=query.dry_run)
        return AppsPromoted(
            query.dry_run,
            tuple(promoted),
            len(mains),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )


async def _approve_one(
    draft: AppsDraft, seen: App, demands: Demands, files: IFiles
) -> tuple[Approval, App]:
    approved = seen.metadata.approved
    approval = report(seen, demands, approved, approve=True)
    if not approval.needs_approval and not approved.missing_from(demands):
        return approval, seen
    metadata = seen.metadata.granting(demands)
    if seen.is_dev:
        after = draft.point(seen, metadata)
    else:
        after = await draft.next_version(seen, metadata)
    await draft.load(after, files)
    return approval, after


@contextmanager
def _to_approve(main: App) -> Iterator[None]:
    """Tell the command that approves what the staging app asks for."""
    try:
        yield
    except AppNotApproved as error:
        typed = shlex.join(("clace", "app", "approve", "--promote", str(main)))
        raise AppNotApproved(f"{error.message}\nto approve it: {typed}") from error


def check_promotable(apps: Iterable[App]) -> None:
    """:raises BadRequest: if one of the apps is a dev app."""
    for app in apps:
        if app.is_dev:
            raise BadRequest(f"app {app} is a dev app, which has no staging app to promote")
