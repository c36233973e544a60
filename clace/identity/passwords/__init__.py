"""The administrator's account, and the limits of guessing at passwords."""

from clace.identity.passwords.account import AdminAccount
from clace.identity.passwords.lockout import Lockout
from clace.identity.passwords.sign_ins import SignIns
from clace.identity.passwords.witness import SignInTrail

__all__ = ["AdminAccount", "Lockout", "SignInTrail", "SignIns"]
