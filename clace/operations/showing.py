"""Everything about one app: its stored versions, the demands of their sources, its failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from clace.admin_api import AppShown, FailureShown, ParamShown, VersionShown
from clace.errors import ClaceError
from clace.interfaces import Asking, AuditedSource, IFailures
from clace.model import (
    App,
    AppFailure,
    AppParam,
    AppPath,
    Demands,
    ProgramStatus,
    has_program,
    is_reference,
)
from clace.operations.comparison import is_secret_name
from clace.operations.promotion import is_staged_ahead
from clace.operations.rooms import OperationRooms

_PASSWORD = "password"  # noqa: S105 - how a form shows a param


class AppFacts(Struct, frozen=True):
    """Facts of apps that are not stored: URLs, limits, last failures, and states of programs."""

    urls: Callable[[AppPath], tuple[str, str]]
    limits: Callable[[App], Mapping[str, int]]
    failures: IFailures
    program: Callable[[App], ProgramStatus]


class AppShowing:
    """Shows apps; the top level of each version is run once for what it asks for."""

    def __init__(self, rooms: OperationRooms, around: AppFacts) -> None:
        self._rooms = rooms
        self._around = around

    async def show(self, path: str, request: Asking) -> AppShown:
        """See ``IAppOperations.show_app``."""
        catalogue = await self._rooms.catalogue(request)
        app = catalogue.found(path, request)
        versions = [await self._version(one) for one in (app, *catalogue.twins_of(app))]
        ahead = is_staged_ahead(catalogue, app)
        return app_shown(app, tuple(versions), staged_changes=ahead)

    async def _version(self, app: App) -> VersionShown:
        try:
            audited, problem = await self._rooms.audit(app), ""
        except ClaceError as error:
            audited, problem = None, error.message
        return version_shown(app, audited, problem, self._around)


def app_shown(app: App, versions: tuple[VersionShown, ...], *, staged_changes: bool) -> AppShown:
    """Show an app with its versions."""
    return AppShown(
        id=app.id,
        app_path_domain=app.address,
        name=app.metadata.name,
        kind=app.kind.name.lower(),
        source_url=app.source_url,
        user_id=app.user_id,
        create_time=app.create_time,
        update_time=app.update_time,
        settings=app.settings,
        staged_changes=staged_changes,
        versions=versions,
    )


def version_shown(
    app: App, audited: AuditedSource | None, problem: str, around: AppFacts
) -> VersionShown:
    """Show one version, with the audit of its source or the problem that it had."""
    metadata, version = app.metadata, app.metadata.version_metadata
    asked = audited.demands if audited else Demands()
    new = asked.missing_from(metadata.approved)
    approved = asked.granted_by(metadata.approved) if audited else metadata.approved
    http_url, https_url = around.urls(app.address)
    return VersionShown(
        id=app.id,
        app_path_domain=app.address,
        version=version.version,
        previous_version=version.previous_version,
        http_url=http_url,
        https_url=https_url,
        git_branch=version.git_branch,
        git_commit=version.git_commit,
        git_message=version.git_message,
        asked_loads=asked.loads,
        asked_permissions=asked.permissions,
        approved_loads=approved.loads,
        approved_permissions=approved.permissions,
        new_loads=new.loads,
        new_permissions=new.permissions,
        params=tuple(_params(metadata.param_values, audited.params if audited else ())),
        accounts=metadata.accounts,
        appconfig=metadata.appconfig,
        limits=dict(_limits(app, around)),
        warnings=audited.warnings if audited else (),
        problem=problem,
        failures=tuple(map(_failure, around.failures.recent(app.id))),
        program=around.program(app) if has_program(metadata.loads) else None,
        spec=metadata.filled_by,
        spec_recognised=bool(metadata.recognised_spec),
    )


def _limits(app: App, around: AppFacts) -> Mapping[str, int]:
    try:
        return around.limits(app)
    except ClaceError:
        return {}  # its own settings cannot be used, which the audit tells


def _params(given: Mapping[str, str], declared: Iterable[AppParam]) -> Iterator[ParamShown]:
    known = {param.name: param for param in declared}
    for name in {**known, **given}:
        param = known.get(name) or AppParam(name=name)
        value = given.get(name, param.default or "")
        hidden = is_secret_param(param) and not is_reference(value)
        yield ParamShown(
            name=name,
            value="" if hidden else value,
            type=param.type.lower() if name in known else "",
            description=param.description,
            given=name in given,
            hidden=hidden and bool(value),
        )


def is_secret_param(param: AppParam) -> bool:
    """Tell a param whose value is not shown: a password, or one that is named like a secret."""
    shown_as = param.display_type.partition(":")[0]
    return shown_as == _PASSWORD or is_secret_name(param.name)


def _failure(failure: AppFailure) -> FailureShown:
    return FailureShown(
        time=datetime.fromtimestamp(failure.time, UTC),
        message=failure.fault.message,
        place=failure.fault.place,
        method=failure.method,
        route=failure.fault.route,
        user_id=failure.user_id,
        request_id=failure.request_id,
        version=failure.version,
        count=failure.count,
    )
