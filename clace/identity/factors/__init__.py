"""Second factors: codes of authenticator apps, recovery codes, and passkeys."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.factors.alone import PasswordsAlone as PasswordsAlone
    from clace.identity.factors.sealing import FactorSealing as FactorSealing
    from clace.identity.factors.second import (
        FactorSurroundings as FactorSurroundings,
        SecondFactors as SecondFactors,
    )
else:
    __getattr__ = face(
        __name__,
        alone=("PasswordsAlone",),
        sealing=("FactorSealing",),
        second=("FactorSurroundings", "SecondFactors"),
    )
