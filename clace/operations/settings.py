"""Settings of apps: those with versions are staged, the rest holds at once."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace
from zope.interface import implementer

from clace.admin_api import (
    REMOVE,
    UNDEFINED,
    AppsUpdated,
    ChangeOwner,
    LinkAccount,
    MetadataChange,
    SettingsChange,
    SettingsUpdated,
    Switch,
    UpdateMetadata,
    UpdateParam,
    UpdateSettings,
)
from clace.errors import BadRequest
from clace.interfaces import Asking, AuditedSource, ISettingOperations
from clace.model import AccountLink, App, AppGlob, AppMetadata, AppPath, AppSettings
from clace.operations.configured import ConfiguredSections, MayRead
from clace.operations.creation import check_program
from clace.operations.edits import (
    AUTH,
    GIT_AUTH,
    check_declared,
    check_link,
    check_removed,
    check_stays,
    linked,
    metadata_entries,
    with_login,
    with_param,
)
from clace.operations.rooms import OperationRooms
from clace.operations.staged import StagedUpdates


@implementer(ISettingOperations)
class SettingOperations:
    """Operations on the settings of apps."""

    def __init__(self, rooms: OperationRooms, configured: ConfiguredSections) -> None:
        self._rooms = rooms
        self._configured = configured
        self._staged = StagedUpdates(rooms)

    async def link_account(self, query: LinkAccount, request: Asking) -> AppsUpdated:
        selection = await self._staged.select(query, request)
        link = AccountLink(query.plugin, query.account)
        check_link(link, self._configured.plugins)
        return await self._staged.make(selection, partial(linked, link=link), audited=False)

    async def update_params(self, query: UpdateParam, request: Asking) -> AppsUpdated:
        selection = await self._staged.select(query, request)
        name, value = query.param_name, query.param_value

        def check(app: App, audited: AuditedSource) -> None:
            if value != REMOVE or name not in app.metadata.param_values:
                check_declared(app, (name,), audited)

        edit = partial(with_param, name=name, value=value)
        return await self._staged.make(selection, edit, audited=True, check=check)

    async def update_metadata(self, query: UpdateMetadata, request: Asking) -> AppsUpdated:
        selection = await self._staged.select(query, request)
        if query.body.config_type in {AUTH, GIT_AUTH}:
            self._check_login(query.body, selection.mains, request)
            edit_login = partial(with_login, change=query.body)
            return await self._staged.make(selection, edit_login, audited=False)
        changed = metadata_entries(query.body)
        said = query.body.spec
        spec = None if said == UNDEFINED else self._rooms.specs.check(said)

        def edit(metadata: AppMetadata) -> AppMetadata:
            before = metadata
            metadata = metadata if spec is None else metadata.with_spec(spec)
            after = changed.added_to(metadata)
            self._configured.check_config(after.appconfig)
            check_removed(metadata, changed, self._configured.app_settings)
            check_stays(before, after)
            return after

        def check(app: App, audited: AuditedSource) -> None:
            if changed.field.startswith("container"):
                check_program(replace(app, metadata=edit(app.metadata)), audited)

        return await self._staged.make(selection, edit, audited=True, check=check)

    async def update_settings(self, query: UpdateSettings, request: Asking) -> SettingsUpdated:
        pattern = AppGlob.parse(query.app_path_glob)
        catalogue = await self._rooms.catalogue(request)
        mains = catalogue.selected(pattern, request)
        self._check(query.body)
        updated: list[AppPath] = []
        async with self._rooms.draft() as draft:
            for main in mains:
                after = settled(main.settings, query.body)
                check_own_host(self._configured, self._rooms, main, after, request.may_read)
                for app in (main, *catalogue.twins_of(main)):
                    settings = settled(app.settings, query.body)
                    if settings != app.settings:
                        draft.settle(app, settings)
                    updated.append(app.address)
            await draft.commit(dry_run=query.dry_run)
        return SettingsUpdated(
            query.dry_run,
            tuple(updated),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
        )

    async def change_owner(self, query: ChangeOwner, request: Asking) -> SettingsUpdated:
        pattern = AppGlob.parse(query.app_path_glob)
        self._configured.check_user(query.owner)
        catalogue = await self._rooms.catalogue(request)
        mains = catalogue.selected(pattern, request)
        given = tuple(app for main in mains for app in (main, *catalogue.twins_of(main)))
        warnings = self._new_neighbours(mains, query.owner, request)
        async with self._rooms.draft() as draft:
            for app in given:
                if app.user_id != query.owner:
                    draft.own(app, query.owner)
            await draft.commit(dry_run=query.dry_run)
        return SettingsUpdated(
            query.dry_run,
            tuple(app.address for app in given),
            changes=draft.told(request.may_read, dry_run=query.dry_run),
            warnings=warnings,
        )

    def _new_neighbours(
        self, mains: tuple[App, ...], owner: str, request: Asking
    ) -> tuple[str, ...]:
        """Return a warning for each app that comes to share its host with another owner's.

        :raises BadRequest: in place of a warning, if ``security.shared_host`` says so.
        """
        moved = {main.id for main in mains}
        warnings: dict[str, None] = {}
        for main in mains:
            there = self._rooms.installed.on(main.domain)
            others = tuple(app for app in there if (app.main_app or app.id) not in moved)
            after = replace(main, user_id=owner)
            if main.user_id != owner:
                told = self._configured.check_neighbours(after, others, request.may_read)
                warnings |= dict.fromkeys(told)
        return tuple(warnings)

    def _check_login(self, change: MetadataChange, mains: tuple[App, ...], request: Asking) -> None:
        """:raises BadRequest: if there is not one value, or apps cannot have it."""
        if len(change.config_entries) != 1 or not change.config_entries[0]:
            raise BadRequest(f"expected one value for {change.config_type}")
        (value,) = change.config_entries
        if change.config_type == GIT_AUTH:
            self._configured.check_git_auth("" if value == REMOVE else value)
            return
        self._configured.check_auth(value)
        for main in mains:
            after = replace(main.settings, authn_type=value)
            check_own_host(self._configured, self._rooms, main, after, request.may_read)

    def _check(self, change: SettingsChange) -> None:
        """:raises BadRequest: if it is empty, or a setting does not take its value."""
        if change == SettingsChange():
            raise BadRequest("the request changes no setting")
        if change.spec != UNDEFINED:
            raise BadRequest("spec has versions: it is changed by update_metadata")
        if change.authn_type != UNDEFINED:
            self._configured.check_auth(change.authn_type)
        if change.git_auth_name not in {REMOVE, UNDEFINED}:
            self._configured.check_git_auth(change.git_auth_name)


def check_own_host(
    configured: ConfiguredSections,
    rooms: OperationRooms,
    main: App,
    settings: AppSettings,
    may_read: MayRead,
) -> None:
    """:raises BadRequest: if the app comes to need a host of its own, and has none; names another
    app there that may be read.
    """
    if settings.authn_type == main.settings.authn_type:
        return
    there = rooms.installed.on(main.domain)
    others = tuple(app for app in there if (app.main_app or app.id) != main.id)
    configured.check_own_host(settings.authn_type, others, may_read)
    if configured.refuses_shared_hosts:
        configured.check_neighbours(replace(main, settings=settings), others, may_read)


def settled(settings: AppSettings, change: SettingsChange) -> AppSettings:
    """Return the settings with those that the change defines."""
    git_auth = "" if change.git_auth_name == REMOVE else change.git_auth_name
    return replace(
        settings,
        authn_type=_text(change.authn_type, settings.authn_type),
        git_auth_name=_text(git_auth, settings.git_auth_name),
        stage_write_access=_flag(change.stage_write_access, settings.stage_write_access),
        preview_write_access=_flag(change.preview_write_access, settings.preview_write_access),
    )


def _text(said: str, before: str) -> str:
    return before if said == UNDEFINED else said


def _flag(said: Switch, before: bool) -> bool:  # noqa: FBT001 - the value before the change
    return before if said == 0 else said == 1
