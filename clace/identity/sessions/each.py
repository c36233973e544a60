"""The sessions of each user, of whom one could begin any number."""

from __future__ import annotations

from collections.abc import Iterable

from clace.interfaces import Session

MOST = 500
"""Sessions of one user: each browser has one for each host and way."""


class SessionsOfEach:
    """The digests of sessions by their users, the oldest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: dict[str, dict[bytes, None]] = {}
        self.is_known = False

    def learn(self, rows: Iterable[Session]) -> None:
        """Know the sessions that are there already."""
        for row in sorted(rows, key=lambda one: one.made):
            self._of.setdefault(row.identity.user_id, {})[row.digest] = None
        self.is_known = True

    def add(self, session: Session) -> tuple[bytes, ...]:
        """Add a session; forget and return the oldest of its user that are too many then."""
        there = self._of.setdefault(session.identity.user_id, {})
        there[session.digest] = None
        surplus = tuple(there)[: max(0, len(there) - self._most)]
        for digest in surplus:
            del there[digest]
        return surplus

    def remove(self, ended: Iterable[Session]) -> None:
        """Forget sessions that have ended."""
        for session in ended:
            user_id = session.identity.user_id
            there = self._of.get(user_id, {})
            there.pop(session.digest, None)
            if not there:
                self._of.pop(user_id, None)
