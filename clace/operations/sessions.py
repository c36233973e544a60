"""Sessions as operators see and end them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import UNSET
from zope.interface import implementer

from clace.admin_api import (
    ListSessions,
    RevokeSessions,
    SessionList,
    SessionRow,
    SessionsRevoked,
)
from clace.errors import BadRequest, NoSuchSession
from clace.interfaces import ISessionOperations, ISessions, Session, SessionChoice

LISTED = 1000


@implementer(ISessionOperations)
class SessionOperations:
    """Operations on sessions of browsers."""

    def __init__(self, sessions: ISessions, check_user: Callable[[str], object] = str) -> None:
        """``check_user`` raises ``BadRequest`` for ids that nobody can have."""
        self._sessions = sessions
        self._check_user = check_user

    async def list_sessions(self, query: ListSessions) -> SessionList:
        choice = SessionChoice(user_id=query.user, setting=query.setting)
        found = await self._sessions.list_sessions(choice)
        if query.user and not found:
            self._check_user(query.user)
        return SessionList(tuple(map(row_of, found[:LISTED])), len(found))

    async def revoke_sessions(self, query: RevokeSessions) -> SessionsRevoked:
        if [bool(query.name), bool(query.user), query.all].count(True) != 1:
            raise BadRequest("name one session, one user, or all")
        choice = SessionChoice(name=query.name, user_id=query.user)
        if query.dry_run:
            ended = await self._sessions.list_sessions(choice)
        else:
            ended = await self._sessions.end(choice, "revoked by an operator")
        if not ended and not query.all:
            about = f"named {query.name}" if query.name else f"of user {query.user}"
            raise NoSuchSession(f"there is no session {about}{self._doubt(query.user)}")
        names = tuple(sorted(one.name for one in ended))
        would = tuple(f"- session {_about(one)}" for one in ended) if query.dry_run else UNSET
        return SessionsRevoked(names, dry_run=query.dry_run or UNSET, would_change=would)

    def _doubt(self, user_id: str) -> str:
        """Return the end of a message that tells that nobody can have the id of a user."""
        try:
            if user_id:
                self._check_user(user_id)
        except BadRequest as doubt:
            return f": {doubt.message}"
        return ""


def _about(session: Session) -> str:
    return f"{session.name} of {session.identity.user_id}"


def row_of(session: Session) -> SessionRow:
    """The session without what finds it."""
    return SessionRow(
        name=session.name,
        user_id=session.identity.user_id,
        host=session.host,
        setting=session.setting,
        assurance=session.identity.assurance,
        made=_moment(session.made),
        seen=_moment(session.seen),
        until=_moment(session.until),
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
