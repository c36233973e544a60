"""Settings without versions: they hold at once, for an app and its twins."""

from __future__ import annotations

from collections.abc import Container

from msgspec.structs import replace

from clace.errors import BadRequest
from clace.interfaces import IAppStore, IInstalledApps, IRuntime
from clace.model.app import AppSettings
from clace.model.paths import AppGlob, AppPath
from clace.model.requests import REMOVE, UNDEFINED, Switch, UpdateSettings
from clace.model.results import SettingsUpdated
from clace.operations.catalogue import Catalogue
from clace.operations.draft import Draft

AUTH_TYPES = ("default", "none", "system")


class SettingsUpdates:
    """Changes settings; ``git_auths`` are the logins for git servers that are configured."""

    def __init__(
        self,
        store: IAppStore,
        runtime: IRuntime,
        installed: IInstalledApps,
        git_auths: Container[str],
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._installed = installed
        self._git_auths = git_auths

    async def make(self, glob: str, request: UpdateSettings, *, dry_run: bool) -> SettingsUpdated:
        """See ``IAdministration.update_settings``."""
        pattern = AppGlob.parse(glob)
        self._check(request)
        catalogue = Catalogue(await self._store.apps())
        updated: list[AppPath] = []
        async with Draft(self._store, self._runtime, self._installed) as draft:
            for main in catalogue.matching(pattern):
                for app in (main, *catalogue.twins_of(main)):
                    settings = settled(app.settings, request)
                    if settings != app.settings:
                        draft.settle(app, settings)
                    updated.append(app.address)
            await draft.commit(dry_run=dry_run)
        return SettingsUpdated(dry_run, tuple(updated), changes=draft.changes)

    def _check(self, request: UpdateSettings) -> None:
        """:raises BadRequest: if it says something that cannot be, or nothing."""
        if request == UpdateSettings():
            raise BadRequest("the request changes no setting")
        if request.spec != UNDEFINED:
            raise BadRequest("spec is not supported by this server")
        if request.authn_type != UNDEFINED:
            check_auth_type(request.authn_type)
        if request.git_auth_name not in {REMOVE, UNDEFINED}:
            check_git_auth(request.git_auth_name, self._git_auths)


def check_git_auth(name: str, known: Container[str]) -> None:
    """Check that the login for git is configured, if one is named.

    :raises BadRequest: if no git login of that name is configured.
    """
    if name and name not in known:
        raise BadRequest(f"there is no section [git_auth.{name}] in the configuration")


def check_auth_type(kind: str) -> None:
    """:raises BadRequest: if this way to admit people to an app is unknown."""
    if kind not in AUTH_TYPES:
        known = ", ".join(AUTH_TYPES)
        raise BadRequest(f"invalid authentication type {kind}; expected one of {known}")


def settled(settings: AppSettings, request: UpdateSettings) -> AppSettings:
    """The settings with what the request says of them."""
    git_auth = "" if request.git_auth_name == REMOVE else request.git_auth_name
    return replace(
        settings,
        authn_type=_text(request.authn_type, settings.authn_type),
        git_auth_name=_text(git_auth, settings.git_auth_name),
        stage_write_access=_flag(request.stage_write_access, settings.stage_write_access),
        preview_write_access=_flag(request.preview_write_access, settings.preview_write_access),
    )


def _text(said: str, before: str) -> str:
    return before if said == UNDEFINED else said


def _flag(said: Switch, before: bool) -> bool:  # noqa: FBT001 - the value that there was
    return before if said == 0 else said == 1
