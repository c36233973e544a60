"""Passwords that are enough by themselves."""

from __future__ import annotations

from zope.interface import implementer

from clace.interfaces import ICredentials, ISecondFactors
from clace.model import Assurance, Identity


@implementer(ICredentials)
class PasswordsAlone:
    """Credentials of accounts that need no second factor, where none can be asked for."""

    def __init__(self, credentials: ICredentials, factors: ISecondFactors) -> None:
        self._credentials = credentials
        self._factors = factors

    async def check(self, user: str, password: str, address: str) -> str:
        user_id = await self._credentials.check(user, password, address)
        self._factors.check_alone(Identity(user_id=user_id, assurance=Assurance.PASSWORD), address)
        return user_id
