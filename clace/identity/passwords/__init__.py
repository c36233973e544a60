"""The administrator's account, and the limits of guessing at passwords."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.passwords.account import AdminAccount as AdminAccount
    from clace.identity.passwords.lockout import Lockout as Lockout
    from clace.identity.passwords.sign_ins import (
        Attempt as Attempt,
        REFUSED as REFUSED,
        SignIns as SignIns,
    )
    from clace.identity.passwords.witness import SignInTrail as SignInTrail
else:
    __getattr__ = face(
        __name__,
        account=("AdminAccount",),
        lockout=("Lockout",),
        sign_ins=("Attempt", "REFUSED", "SignIns"),
        witness=("SignInTrail",),
    )
