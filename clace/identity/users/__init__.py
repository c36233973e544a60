"""Users that this server knows itself: ``[builtin_auth.NAME]`` and ``clace user``."""

from clace.identity.users.accounts import BuiltinAccounts
from clace.identity.users.directory import Users

__all__ = ["BuiltinAccounts", "Users"]
