"""The administrator's account, and the limits of guessing at passwords."""

from clace.auth.account import AdminAccount
from clace.auth.lockout import Lockout
from clace.auth.sign_ins import SignIns
from clace.auth.witness import SignInTrail

__all__ = ["AdminAccount", "Lockout", "SignInTrail", "SignIns"]
