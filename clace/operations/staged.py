"""Changes to what is versioned of apps: made on staging twins first, and on dev apps in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from clace.admin_api import AppsUpdated, StagedUpdate
from clace.errors import NeedsApproval
from clace.interfaces import Asking, AuditedSource, IFiles
from clace.model import App, AppGlob, AppMetadata, AppPath, Demands
from clace.operations.approval import held, needs_approval, unapproved
from clace.operations.catalogue import AppCatalogue, naming
from clace.operations.draft import AppsDraft
from clace.operations.promotion import is_behind, promote
from clace.operations.rooms import OperationRooms
from clace.telling import step

Edit = Callable[[AppMetadata], AppMetadata]
Check = Callable[[App, AuditedSource], None]


class Selection(NamedTuple):
    """A query with the apps that it is about, each of which was allowed."""

    query: StagedUpdate
    catalogue: AppCatalogue
    mains: tuple[App, ...]
    request: Asking


def _no_check(_app: App, _audited: AuditedSource) -> None:
    """Refuse nothing."""


class StagedUpdates:
    """Gives the apps of a glob other metadata: all of them, or on any failure none."""

    def __init__(self, rooms: OperationRooms) -> None:
        self._rooms = rooms

    async def select(self, query: StagedUpdate, request: Asking) -> Selection:
        """Find the apps that the query is about, of which the request has to be allowed.

        :raises NotAllowed: if a right is missing on one of them.
        """
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        return Selection(query, catalogue, catalogue.selected(pattern, request), request)

    async def make(
        self, selection: Selection, edit: Edit, *, audited: bool, check: Check = _no_check
    ) -> AppsUpdated:
        """Make a new version of each app that ``edit`` changes. With ``audited`` the app must load,
        and ``check`` may refuse it.

        :raises AppBroken: if it does not load.
        :raises NeedsApproval: if it asks for more then, and is to be promoted.
        """
        query, catalogue, mains, request = selection
        updated: list[AppPath] = []
        promoted: list[AppPath] = []
        warnings: list[str] = []
        async with self._rooms.draft() as draft:
            for main in mains:
                seen = catalogue.edited(main)
                with naming(main):
                    edited = replace(seen, metadata=edit(seen.metadata))
                    source = await self._rooms.refilled(seen, edited)
                    files: IFiles = source.files
                    metadata = edited.metadata.with_files_of(source.spec)
                    edited = replace(edited, metadata=metadata)
                    if audited and (edited != seen or check is not _no_check):
                        edited, new = await self._audited(main, seen, edited, files, query, check)
                        warnings += [unapproved(main, new)] if new else []
                    after = await self._updated(draft, seen, edited.metadata, files)
                    if after is not seen:
                        updated.append(seen.address)
                    if query.promote and not main.is_dev and is_behind(main, after):
                        await promote(draft, self._rooms.store, main, after, files)
                        promoted.append(main.address)
            await draft.commit(dry_run=query.dry_run)
        return AppsUpdated(
            query.dry_run,
            tuple(updated),
            tuple(promoted),
            len(mains),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
            warnings=tuple(warnings),
        )

    async def _audited(
        self,
        main: App,
        seen: App,
        edited: App,
        files: IFiles,
        query: StagedUpdate,
        check: Check,
    ) -> tuple[App, Demands]:
        """The edited app, with the approvals of ``seen`` that it still asks for; and its demands
        that are not approved.
        """
        with step(f"{edited.main_address}: read its declarations"):
            audited = await self._rooms.runtime.audit(edited, files)
        check(seen, audited)
        if edited == seen:
            return seen, Demands()
        demands = audited.demands
        granted = await held(seen, self._rooms)
        missing = demands.missing_from(granted)
        if query.promote and missing:
            refusal = needs_approval(main, missing, "app", "approve", "--promote")
            raise NeedsApproval(f"{refusal} (first the same change without --promote)")
        metadata = edited.metadata.granting(demands.granted_by(granted))
        return replace(edited, metadata=metadata), missing

    async def _updated(
        self, draft: AppsDraft, seen: App, metadata: AppMetadata, files: IFiles
    ) -> App:
        if metadata == seen.metadata:
            return seen
        if seen.is_dev:
            after = draft.point(seen, metadata)
        else:
            same = metadata.spec == seen.metadata.spec
            after = await draft.next_version(seen, metadata, None if same else files)
        draft.renew(after)
        return after
