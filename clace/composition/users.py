"""The rooms of users: their rows, their passwords, and their second factors."""

from __future__ import annotations

import secrets
from typing import Any

from clace.config import Config
from clace.identity.factors import FactorSealing, FactorSurroundings, SecondFactors
from clace.identity.passwords import SignIns
from clace.identity.users import BuiltinAccounts, Users, UserSurroundings
from clace.interfaces import IOwnSecrets, User
from clace.metadata import open_factor_rows, open_user_rows
from clace.threads import InThread


class OwnUsers:
    """Users of this server itself: those of the configuration and of the database."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        in_thread: InThread,
        hashing: InThread,
        sign_ins: SignIns,
        own_secrets: IOwnSecrets,
    ) -> None:
        """Blocks while it reads who there is."""
        url = config.metadata.db_connection
        user_rows, factor_rows = open_user_rows(url), open_factor_rows(url)
        self.rows = (user_rows, factor_rows)
        around = UserSurroundings(in_thread, hashing, reactor.seconds, secrets.token_urlsafe)
        self.users = Users(static_users(config), user_rows, around)
        self.accounts = BuiltinAccounts(self.users, reactor, hashing, sign_ins)
        self.factors = SecondFactors(
            factor_rows,
            FactorSealing(own_secrets, secrets.token_bytes),
            sign_ins,
            FactorSurroundings(in_thread, reactor, secrets.token_bytes, secrets.token_urlsafe),
            is_required=config.security.require_second_factor,
        )
        self.users.load()
        self.factors.load()

    def close(self) -> None:
        """Leave no connection open; a process that forks must not hand one down."""
        for rows in self.rows:
            rows.close()


def static_users(config: Config) -> dict[str, User]:
    """Return the users of the configuration by name."""
    return {
        name: User(name=name, password=each.password, groups=each.groups, is_static=True)
        for name, each in config.builtin_auth.items()
    }
