"""Everything about one app, as an operator sees it; secrets are left out."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.model.app import AccountLink, AppSettings, Permission
from clace.model.paths import AppPath


class ParamShown(Struct, frozen=True, kw_only=True):
    """A param with its value; ``given`` by an operator or else the app's default.

    What may be a secret is ``hidden``: its value is empty here.
    """

    name: str
    value: str
    type: str = ""
    description: str = ""
    given: bool = True
    hidden: bool = False


class FailureShown(Struct, frozen=True, kw_only=True):
    """A failure of the app, the last of ``count`` in a row that were equal."""

    time: datetime
    message: str
    place: str = ""
    method: str = ""
    route: str = ""
    user_id: str = ""
    request_id: str = ""
    version: int = 0
    count: int = 1


class VersionShown(Struct, frozen=True, kw_only=True):
    """A version of the app as it is served at one address, or the folder of a dev app.

    ``new_loads`` and ``new_permissions`` are asked for and not approved. ``problem`` says why the
    source cannot be read now; nothing is known then of what it asks for.
    """

    id: str
    app_path_domain: AppPath
    version: int
    previous_version: int
    http_url: str = ""
    https_url: str = ""
    git_branch: str = ""
    git_commit: str = ""
    git_message: str = ""
    asked_loads: tuple[str, ...] = ()
    asked_permissions: tuple[Permission, ...] = ()
    approved_loads: tuple[str, ...] = ()
    approved_permissions: tuple[Permission, ...] = ()
    new_loads: tuple[str, ...] = ()
    new_permissions: tuple[Permission, ...] = ()
    params: tuple[ParamShown, ...] = ()
    accounts: tuple[AccountLink, ...] = ()
    appconfig: dict[str, str] = {}
    limits: dict[str, int] = {}
    warnings: tuple[str, ...] = ()
    problem: str = ""
    failures: tuple[FailureShown, ...] = ()

    @property
    def needs_approval(self) -> bool:
        return bool(self.new_loads or self.new_permissions)


class AppShown(Struct, frozen=True, kw_only=True):
    """An app; of a production app the first of the versions is its own, the next is staging's."""

    id: str
    app_path_domain: AppPath
    name: str
    kind: str
    source_url: str
    user_id: str
    create_time: datetime
    update_time: datetime
    settings: AppSettings = AppSettings()
    staged_changes: bool = False
    versions: tuple[VersionShown, ...] = ()
