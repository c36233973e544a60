"""Apps: list, show, install and delete them."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.changes import Approval, Approving, Changing, OverApps, glob_of
from clace.admin_api.operation import Operation, Query, Right
from clace.model import AccountLink, App, AppPath, AppSettings, Permission, ProgramStatus


class ListApps(Query, frozen=True):
    """The apps of a glob, with ``internal`` their staging twins too; an empty glob matches all."""

    app_path_glob: str = ""
    internal: bool = False


class OneApp(Query, frozen=True):
    """The app at a path."""

    app_path: str


class NewApp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app to install."""

    path: str
    source_url: str
    is_dev: bool = False
    app_authn: str = "default"
    git_branch: str = ""
    git_commit: str = ""
    git_auth_name: str = ""
    spec: str = ""
    stage_at: str = ""
    param_values: dict[str, str] | None = None
    container_options: dict[str, str] | None = None
    container_args: dict[str, str] | None = None
    container_volumes: list[str] | None = None
    appconfig: dict[str, str] | None = None


class CreateApp(Approving, frozen=True):
    """With ``approve`` all that the app asks for is approved."""

    body: NewApp


class DeleteApps(OverApps, frozen=True):
    """The apps of a glob, with their staging twins."""


class AppListed(App, frozen=True):
    """An app in a list; ``staged_changes`` is set if its staging twin is ahead of it."""

    staged_changes: bool = False


class AppList(Struct, frozen=True):
    apps: tuple[AppListed, ...] = ()


class AppFound(Struct, frozen=True):
    app_entry: App


class AppCreated(Changing, frozen=True):
    app_path_domain: AppPath
    dry_run: bool = False
    http_url: str = ""
    https_url: str = ""
    approve_results: tuple[Approval, ...] = ()
    spec: str = ""
    spec_reason: str = ""


class AppDescription(
    Struct,
    frozen=True,
    rename={
        "path": "Path",
        "domain": "Domain",
        "name": "Name",
        "id": "Id",
        "is_dev": "IsDev",
        "main_app": "MainApp",
        "auth": "Auth",
        "source_url": "SourceUrl",
        "spec": "Spec",
        "version": "Version",
        "git_sha": "GitSha",
        "git_message": "GitMessage",
        "branch": "Branch",
        "star_base": "StarBase",
    },
):
    """An app in the answer to a deletion."""

    path: str
    domain: str
    name: str
    id: str
    is_dev: bool = False
    main_app: str = ""
    auth: str = ""
    source_url: str = ""
    spec: str = ""
    version: int = 0
    git_sha: str = ""
    git_message: str = ""
    branch: str = ""
    star_base: str = ""


class AppData(Struct, frozen=True, kw_only=True):
    """The data that programs of an app have left on the disk, in bytes."""

    app_path_domain: AppPath
    size: int


class AppsDeleted(Changing, frozen=True):
    dry_run: bool = False
    app_info: tuple[AppDescription, ...] = ()
    data: tuple[AppData, ...] = ()


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
    source cannot be read now; nothing is known then of what it asks for. ``program`` is of an app
    that has one of its own. ``spec`` filled in the files that the source lacks; it was
    ``spec_recognised`` from the others, or an operator named it.
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
    program: ProgramStatus | None = None
    spec: str = ""
    spec_recognised: bool = False

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


def _path(query: CreateApp, _result: AppCreated | None) -> str:
    return query.body.path


LIST_APPS = Operation(
    name="list_apps",
    method="GET",
    path="/apps",
    summary="The apps whose address matches a glob",
    right=Right.APP_READ,
    query=ListApps,
    result=AppList,
)
GET_APP = Operation(
    name="get_app",
    method="GET",
    path="/app",
    summary="One app",
    right=Right.APP_READ,
    query=OneApp,
    result=AppFound,
)
SHOW_APP = Operation(
    name="show_app",
    method="GET",
    path="/app/show",
    summary="Everything about one app: versions, approvals, params, limits and last failures",
    right=Right.APP_READ,
    query=OneApp,
    result=AppShown,
)
CREATE_APP = Operation(
    name="create_app",
    method="POST",
    path="/app",
    summary="Install an app",
    right=Right.APP_CREATE,
    query=CreateApp,
    result=AppCreated,
    target=_path,
    tells=True,
)
DELETE_APPS = Operation(
    name="delete_apps",
    method="DELETE",
    path="/app",
    summary="Delete apps with their staging twins, versions and files",
    right=Right.APP_DELETE,
    query=DeleteApps,
    result=AppsDeleted,
    target=glob_of,
)
OPERATIONS = (LIST_APPS, GET_APP, SHOW_APP, CREATE_APP, DELETE_APPS)
