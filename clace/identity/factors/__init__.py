"""Second factors: codes of authenticator apps, recovery codes, and passkeys."""

from clace.identity.factors.alone import PasswordsAlone
from clace.identity.factors.sealing import FactorSealing
from clace.identity.factors.second import FactorSurroundings, SecondFactors

__all__ = ["FactorSealing", "FactorSurroundings", "PasswordsAlone", "SecondFactors"]
