"""Sessions: browsers that have signed in."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from clace.admin_api.operation import DryRun, DryRunnable, Operation, Query, Right


class ListSessions(Query, frozen=True):
    """Sessions of a user, by one way to sign in, or with empty texts all."""

    user: str = ""
    setting: str = ""


class RevokeSessions(DryRunnable, frozen=True):
    """The session of a name, those of a user, or ``all``."""

    name: str = ""
    user: str = ""
    all: bool = False


class SessionRow(Struct, frozen=True, kw_only=True):
    """A session: who signed in, on which host, by which way; never the secret that finds it."""

    name: str
    user_id: str
    host: str
    setting: str
    assurance: str
    made: datetime
    seen: datetime
    until: datetime


class SessionList(Struct, frozen=True):
    """The newest sessions, and the number of all."""

    sessions: tuple[SessionRow, ...] = ()
    total: int = 0


class SessionsRevoked(DryRun, frozen=True):
    """The names of the sessions that have ended."""

    revoked: tuple[str, ...] = ()


def _revoked(query: RevokeSessions, _result: SessionsRevoked | None) -> str:
    return query.name or (f"user {query.user}" if query.user else "all")


LIST_SESSIONS = Operation(
    name="list_sessions",
    method="GET",
    path="/sessions",
    summary="Sessions of browsers that have not ended, the newest first",
    right=Right.ADMIN,
    query=ListSessions,
    result=SessionList,
)
REVOKE_SESSIONS = Operation(
    name="revoke_sessions",
    method="DELETE",
    path="/sessions",
    summary="End the session of a name, those of a user, or all",
    right=Right.ADMIN,
    query=RevokeSessions,
    result=SessionsRevoked,
    target=_revoked,
)
OPERATIONS = (LIST_SESSIONS, REVOKE_SESSIONS)
