"""Accounts, sessions, tokens and providers: the users, and their permissions."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.settings import AppAuthentication as AppAuthentication, Kind as Kind
    from clace.identity.user_ids import check_user as check_user
else:
    __getattr__ = face(
        __name__,
        settings=("AppAuthentication", "Kind"),
        user_ids=("check_user",),
    )
