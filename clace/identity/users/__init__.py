"""Users that this server knows itself: ``[builtin_auth.NAME]`` and ``clace user``."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.users.accounts import BuiltinAccounts as BuiltinAccounts
    from clace.identity.users.directory import UserSurroundings as UserSurroundings, Users as Users
else:
    __getattr__ = face(
        __name__,
        accounts=("BuiltinAccounts",),
        directory=("UserSurroundings", "Users"),
    )
