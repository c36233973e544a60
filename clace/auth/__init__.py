"""The administrator's account: its password, and what guessing at it costs."""

from clace.auth.account import AdminAccount
from clace.auth.lockout import Lockout
from clace.passwords import hash_password, random_password

__all__ = ["AdminAccount", "Lockout", "hash_password", "random_password"]
