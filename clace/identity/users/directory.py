"""The users of the database and of the configuration, as one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace
from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from clace.errors import BadRequest, LinkUsed, NoSuchUser, UserExists
from clace.interfaces import (
    BUILTIN,
    Invitation,
    IUserRows,
    IUsers,
    StoredUser,
    User,
    UserEntry,
    UserLink,
    user_id_of,
)
from clace.model import check_name, tidy_groups
from clace.near import did_you_mean
from clace.passwords import check_choice, hash_password, is_hash
from clace.threads import InThread

Row = TypeVar("Row", StoredUser, StoredUser | None)

LINK_LIFE = timedelta(days=3)
TOKEN_BYTES = 32
_STATIC = "is in the configuration file; remove [builtin_auth.{name}] there"
_NO_LINK = "This link was used already, or its time is over. Ask for another one."


class UserSurroundings(Struct, frozen=True):
    """Threads, time and randomness; ``token`` makes a text of so many random bytes."""

    in_thread: InThread
    hashing: InThread
    seconds: Callable[[], float]
    token: Callable[[int], str]


@implementer(IUsers)
class Users:
    """All users in memory; every change is written first, and holds at once.

    Rows are read when the server starts and by ``read_again``.
    """

    def __init__(
        self, static: Mapping[str, User], rows: IUserRows, around: UserSurroundings
    ) -> None:
        self._static = dict(static)
        self._rows = rows
        self._around = around
        self._stored: dict[str, User] = {}
        self._costs: tuple[int, ...] | None = None
        self._fingerprints: dict[str, str] = {}
        self._lock = DeferredLock()
        self.changed: Callable[[str], None] = lambda _user_id: None

    def load(self) -> None:
        """Read the rows. Blocks, and is for the time before the reactor runs."""
        self._stored = _by_name(self._rows.all())
        self._forget()

    async def read_again(self, static: Mapping[str, User]) -> None:
        """Let the users of the configuration and of the database be as they are now."""
        async with self._lock:
            rows = await self._around.in_thread(self._rows.all)
            before = {name: self.fingerprint(user_id_of(name)) for name in self._names()}
            self._static, self._stored = dict(static), _by_name(rows)
            self._forget()
        for name, fingerprint in before.items():
            if self.fingerprint(user_id_of(name)) != fingerprint:
                self.changed(user_id_of(name))

    def find(self, name: str) -> User | None:
        return self._stored.get(name) or self._static.get(name)

    def of(self, user_id: str) -> User | None:
        kind, _, name = user_id.partition(":")
        return self.find(name) if kind == BUILTIN else None

    def fingerprint(self, user_id: str) -> str:
        # Every request behind a session asks.
        found = self._fingerprints.get(user_id)
        if found is None and (user := self.of(user_id)) is not None:
            text = "\0".join((user.name, user.password, *sorted(user.groups)))
            found = self._fingerprints[user_id] = hashlib.sha256(text.encode()).hexdigest()
        return found or ""

    def hash_costs(self) -> tuple[int, ...]:
        if self._costs is None:
            hashes = (self._counting(name).password for name in sorted(self._names()))
            self._costs = tuple(int(hashed[4:6]) for hashed in hashes if hashed)
        return self._costs

    def entries(self) -> tuple[UserEntry, ...]:
        return tuple(
            UserEntry(user, overridden=user.is_static and name in self._stored)
            for name in sorted(self._names())
            for user in (self._stored.get(name), self._static.get(name))
            if user is not None
        )

    async def add(
        self,
        name: str,
        password: str,
        groups: tuple[str, ...],
        *,
        invite: bool = False,
        dry_run: bool = False,
    ) -> Invitation | None:
        check_name(name)
        if not password and not invite:
            raise BadRequest("password is required to create a user")
        _check_hash(password, invite=invite)
        wanted = tidy_groups(groups)

        def made(before: StoredUser | None) -> StoredUser:
            if before is not None or name in self._static:
                raise UserExists(f"user {name} already exists, use user update to change it")
            now = self._now()
            return StoredUser(
                name=name, password=password, groups=wanted, create_time=now, update_time=now
            )

        return await self._write(name, made, invite=invite, dry_run=dry_run)

    async def update(
        self,
        name: str,
        password: str,
        groups: tuple[str, ...] | None,
        *,
        invite: bool = False,
        dry_run: bool = False,
    ) -> Invitation | None:
        _check_hash(password, invite=invite)
        wanted = None if groups is None else tidy_groups(groups)

        def made(before: StoredUser | None) -> StoredUser:
            base = self._base(name, before, ", use user add to create it")
            return replace(
                base,
                password=password or ("" if invite else base.password),
                groups=base.groups if wanted is None else wanted,
                update_time=self._now(),
            )

        return await self._write(name, made, invite=invite, dry_run=dry_run)

    async def delete(self, name: str, *, dry_run: bool = False) -> None:
        found = await (self._row(name) if dry_run else self._deleted(name))
        if not found and name in self._static:
            raise BadRequest(f"user {name} {_STATIC.format(name=name)}")
        if not found:
            raise self._unknown(name)
        if not dry_run:
            self.changed(user_id_of(name))

    async def _deleted(self, name: str) -> bool:
        """Delete the row of a user; return false if it was not there."""
        async with self._lock:
            found = await self._around.in_thread(lambda: self._rows.delete(name))
            self._stored.pop(name, None)
            self._forget()
        return found

    async def _row(self, name: str) -> StoredUser | None:
        rows = await self._around.in_thread(self._rows.all)
        return next((row for row in rows if row.name == name), None)

    async def invited(self, token: str) -> User:
        now, digest = self._now(), _digest(token)
        link = await self._around.in_thread(lambda: self._rows.link(digest, now))
        user = self.find(link.name) if link else None
        if user is None:
            raise LinkUsed(_NO_LINK, "unknown or used link")
        return user

    async def accept(self, token: str, password: str) -> User:
        user = await self.invited(token)
        return await self._use(token, await self._hashed(user.name, password))

    async def accept_without_password(self, token: str) -> User:
        return await self._use(token, "")

    async def _use(self, token: str, hashed: str) -> User:
        now, digest = self._now(), _digest(token)
        row = await self._written(lambda: self._rows.use_link(digest, now, hashed))
        if row is None:
            raise LinkUsed(_NO_LINK, "unknown or used link")
        return _user(row)

    async def change_password(self, name: str, password: str) -> User:
        hashed = await self._hashed(name, password)

        def made(before: StoredUser | None) -> StoredUser:
            return replace(self._base(name, before), password=hashed, update_time=self._now())

        return _user(await self._written(lambda: self._rows.change(name, made)))

    async def _write(
        self,
        name: str,
        made: Callable[[StoredUser | None], StoredUser],
        *,
        invite: bool,
        dry_run: bool,
    ) -> Invitation | None:
        if dry_run:
            made(await self._row(name))
            return None
        invitation, link = self._invitation(name) if invite else (None, None)
        await self._written(lambda: self._rows.change(name, made, link))
        return invitation

    async def _written(self, write: Callable[[], Row]) -> Row:
        """Return what ``write`` stored, which counts from now on; one write after the other."""
        async with self._lock:
            row = await self._around.in_thread(write)
            if row is not None:
                self._settle(row)
        return row

    def _settle(self, row: StoredUser) -> None:
        """Let a row that was written count, and end sessions if password or groups are others."""
        user_id = user_id_of(row.name)
        before = self.fingerprint(user_id)
        self._stored[row.name] = _user(row)
        self._forget()
        if before and before != self.fingerprint(user_id):
            self.changed(user_id)

    def _forget(self) -> None:
        """Forget what was made of the users before."""
        self._costs = None
        self._fingerprints.clear()

    def _base(self, name: str, before: StoredUser | None, advice: str = "") -> StoredUser:
        """Return the row that a change begins with: a user of the file becomes one here.

        :raises NoSuchUser: if the name is unknown.
        """
        if before is not None:
            return before
        static = self._static.get(name)
        if static is None:
            raise NoSuchUser(f"user {name} does not exist{advice}")
        now = self._now()
        return StoredUser(
            name=name,
            password=static.password,
            groups=static.groups,
            create_time=now,
            update_time=now,
        )

    def _invitation(self, name: str) -> tuple[Invitation, UserLink]:
        token, until = self._around.token(TOKEN_BYTES), self._now() + LINK_LIFE
        return Invitation(token, until), UserLink(_digest(token), name, until)

    async def _hashed(self, name: str, password: str) -> str:
        check_choice(password, name)
        return await self._around.hashing(lambda: hash_password(password))

    def _unknown(self, name: str) -> NoSuchUser:
        return NoSuchUser(f"user {name} does not exist{did_you_mean(name, self._names())}")

    def _counting(self, name: str) -> User:
        return self._stored.get(name) or self._static[name]

    def _names(self) -> set[str]:
        return {*self._static, *self._stored}

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._around.seconds(), UTC)


def _check_hash(password: str, *, invite: bool) -> None:
    if password and invite:
        raise BadRequest("a user gets a password or an invitation, not both")
    if password and not is_hash(password):
        raise BadRequest("password must be a bcrypt hash")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _by_name(rows: tuple[StoredUser, ...]) -> dict[str, User]:
    return {row.name: _user(row) for row in rows}


def _user(row: StoredUser) -> User:
    return User(name=row.name, password=row.password, groups=row.groups)
