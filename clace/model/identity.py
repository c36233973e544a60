"""The one who asks, as every part of the server knows them."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from clace.model.scope import Scope
from clace.model.traffic import ANONYMOUS


class Assurance(StrEnum):
    """The proof behind an identity."""

    NONE = "none"
    SOCKET = "socket"
    PASSWORD = "password"  # noqa: S105 - the name of a proof
    SECOND_FACTOR = "password+second factor"
    PASSKEY = "passkey"
    SSO = "sso"
    CERTIFICATE = "certificate"
    TOKEN = "token"  # noqa: S105 - as above


class Identity(Struct, frozen=True, kw_only=True):
    """A user, or nobody in particular.

    ``user_id`` names its kind of sign-in (``admin``, ``builtin:ann``, ``github:ann@example.org``,
    ``saml_corp:ann``, ``cert_staff``). ``email`` is one that the provider has verified.
    ``session_id`` and ``token_id`` are names of rows, never the secret that the client holds.
    Of a token there is a ``scope`` too. ``actor`` is the administrator who acts as this user.
    """

    user_id: str = ANONYMOUS
    subject: str = ""
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    assurance: Assurance = Assurance.NONE
    session_id: str = ""
    token_id: str = ""
    scope: Scope | None = None
    actor: str = ""

    @property
    def is_anonymous(self) -> bool:
        return self.assurance is Assurance.NONE


NOBODY = Identity()
OPERATOR = Identity(user_id="admin", name="admin", assurance=Assurance.SOCKET)


def identity_named(
    user_id: str, groups: tuple[str, ...] = (), scope: Scope | None = None
) -> Identity:
    """Return who an id stands for, as if that user had signed in."""
    if user_id == ANONYMOUS:
        return NOBODY
    return Identity(
        user_id=user_id, name=user_id, groups=groups, assurance=Assurance.SSO, scope=scope
    )
