"""The administrator's account: its password, and what guessing at it costs."""

from clace.auth.account import AdminAccount
from clace.auth.lockout import Lockout

__all__ = ["AdminAccount", "Lockout"]
