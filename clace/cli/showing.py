"""``clace app show``: everything about one app, for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from clace.admin_api import AppShown, FailureShown, ParamShown, VersionShown
from clace.model import Permission, ProgramPhase, ProgramStatus, permission_text

_COMMIT = 20
_NEW = " - not approved"


def shown(app: AppShown) -> Iterator[str]:
    """The lines for one app."""
    settings = app.settings
    writes = f"staging {_yes(settings.stage_write_access)}"
    writes += f", previews {_yes(settings.preview_write_access)}"
    yield f"App:          {app.app_path_domain} ({app.kind})"
    yield f"Name:         {app.name}"
    yield f"Id:           {app.id}"
    yield f"Source:       {app.source_url}"
    yield f"Owner:        {app.user_id}"
    yield f"Created:      {_moment(app.create_time)}"
    yield f"Changed:      {_moment(app.update_time)}"
    yield f"Auth:         {settings.authn_type}"
    yield f"Git login:    {settings.git_auth_name or '(the default)'}"
    yield f"May write:    {writes}"
    if app.staged_changes:
        path = shlex.quote(str(app.app_path_domain.production))
        yield f"Staging is ahead; to promote it: clace app promote {path}"
    for version in app.versions:
        yield ""
        yield from _version(version, app)


def _version(version: VersionShown, app: AppShown) -> Iterator[str]:
    number = f"version {version.version}" if version.version else "its folder"
    before = f" (before it {version.previous_version})" if version.previous_version else ""
    yield f"{version.app_path_domain} serves {number}{before}"
    yield from (f"  {url}" for url in (version.http_url, version.https_url) if url)
    if version.git_commit:
        title = version.git_message.partition("\n")[0]
        yield f"  Commit: {version.git_branch} {version.git_commit[:_COMMIT]} {title}".rstrip()
    if version.spec:
        yield f"  Spec: {version.spec}{' (recognised)' if version.spec_recognised else ''}"
    if version.program is not None:
        yield f"  Program: {_program(version.program, version)}"
    if version.problem:
        yield f"  It does not load: {version.problem}"
    yield from _approvals(version)
    if version.needs_approval:
        yield f"  To approve: {_approving(app)}"
    yield from _titled("Params", map(_param, version.params))
    yield from _titled("Accounts", (f"{a.plugin}: {a.account_name}" for a in version.accounts))
    yield from _titled("Own settings", (f"{k} = {v}" for k, v in version.appconfig.items()))
    yield from _titled("Limits", (f"{k} = {v}" for k, v in version.limits.items()))
    yield from _titled("Warnings", version.warnings)
    yield from _titled("Last failures", chain.from_iterable(map(_failure, version.failures)))


def _program(program: ProgramStatus, version: VersionShown) -> str:
    since = f" since {_moment(program.since)}" if program.since else ""
    match program.state:
        case ProgramPhase.RUNNING:
            process = f", pid {program.pid}, {program.memory_mb} MB" if program.pid else ""
            problem = f"; {program.problem}" if program.problem else ""
            return f"running{since}{process}{problem}"
        case ProgramPhase.IDLE if program.since:
            return f"idle{since}; the next request starts it"
        case ProgramPhase.IDLE:
            return "not started yet; the first request starts it"
        case ProgramPhase.STOPPED:
            path = shlex.quote(str(version.app_path_domain))
            return f"stopped by an operator; to let it run: clace app start {path}"
        case ProgramPhase.FAILED:
            when = f"not within {program.retry_seconds} s" if program.retry_seconds else "at once"
            return f"failed{since}: {program.problem}; the next request starts it, {when}"
        case _:
            return program.state


def _approvals(version: VersionShown) -> Iterator[str]:
    """List approvals, and demands that are not approved."""
    approved, new = version.approved_permissions, version.new_permissions
    plugins = (*version.approved_loads, *(f"{load}{_NEW}" for load in version.new_loads))
    yield from _titled("Plugins", plugins)
    yield from _titled("Permissions", (*map(permission_text, approved), *map(_new, new)))


def _new(permission: Permission) -> str:
    return f"{permission_text(permission)}{_NEW}"


def _approving(app: AppShown) -> str:
    promote = () if app.kind == "dev" else ("--promote",)
    path = str(app.app_path_domain.production)
    return shlex.join(("clace", "app", "approve", *promote, path))


def _param(param: ParamShown) -> str:
    value = "(hidden)" if param.hidden else param.value
    return f"{param.name} = {value}{'' if param.given else ' (default)'}"


def _failure(failure: FailureShown) -> Iterator[str]:
    """The failure in a line, and below it the other lines of its message, as of a program's log."""
    place = f" at {failure.place}" if failure.place not in failure.message else ""
    times = f", {failure.count} times" if failure.count > 1 else ""
    message, *more = failure.message.split("\n")
    yield (
        f"{_moment(failure.time)}{times}: {failure.method} {failure.route}{place}:"
        f" {message} (version {failure.version}, request {failure.request_id})"
    )
    yield from (f"  | {line}" for line in more)


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    """The lines under their title; nothing without lines."""
    found = [f"    {line}" for line in lines]
    if found:
        yield f"  {title}:"
        yield from found


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def _yes(flag: bool) -> str:  # noqa: FBT001 - the one thing it is about
    return "yes" if flag else "no"
