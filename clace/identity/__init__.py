"""Accounts, sessions, tokens and providers: the users, and their permissions."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.settings import AppAuthentication as AppAuthentication, Kind as Kind
else:
    __getattr__ = face(
        __name__,
        settings=("AppAuthentication", "Kind"),
    )
