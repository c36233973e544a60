"""The one home of audit events: the deeds that are recorded, and the events made of them."""

from __future__ import annotations

from msgspec import Struct

from clace.model.identity import Identity
from clace.model.traffic import AuditEvent
from clace.networks import UNIX, network_of
from clace.text import one_line, shortened
from clace.units import NANOSECONDS

SYSTEM, HTTP, CUSTOM = "system", "http", "custom"
EVENT_TYPES = (HTTP, SYSTEM, "action", CUSTOM)
SUCCESS, FAILED, REFUSED, LOCKED = EVENT_STATUSES = ("Success", "Failed", "Refused", "Locked")
SIGN_IN, SIGN_OUT, END_SESSION, ACCESS_DENIED = (
    "sign_in",
    "sign_out",
    "end_session",
    "access_denied",
)
CHANGE_ACCOUNT = "change_account"
_NAME = 64


class Deed(Struct, frozen=True, kw_only=True):
    """Something that somebody did or tried, to be recorded.

    Strangers can cause some deeds as often as they like. Such a deed names its ``source``, whose
    share of the audit log it uses; the share of a source that ``is_known`` is its own, and no
    number of strangers uses it up.
    """

    operation: str
    target: str = ""
    user_id: str = ""
    app_id: str = ""
    event_type: str = SYSTEM
    status: str = SUCCESS
    detail: str = ""
    source: str = ""
    is_known: bool = False


def event_of(deed: Deed, seconds: float, rid: str) -> AuditEvent:
    """Return the audit event of a deed at a time in seconds since the epoch."""
    return AuditEvent(
        rid=rid,
        app_id=deed.app_id,
        create_time=int(seconds * NANOSECONDS),
        user_id=deed.user_id,
        event_type=deed.event_type,
        operation=deed.operation,
        target=deed.target,
        status=deed.status,
        detail=deed.detail,
    )


def signed_in(identity: Identity, setting: str, address: str) -> Deed:
    """Somebody proved who they are; ``setting`` is the kind of sign-in, as apps name it."""
    return Deed(
        operation=SIGN_IN,
        target=address or UNIX,
        user_id=identity.user_id,
        detail=_with_proof(f"by {setting}: {identity.assurance}", identity),
        source=f"user {identity.user_id}, sign-in",
        is_known=True,
    )


def account_changed(user_id: str, change: str, address: str) -> Deed:
    """A user changed the password or the second factors of an account of their own."""
    return Deed(
        operation=CHANGE_ACCOUNT,
        target=address or UNIX,
        user_id=user_id,
        detail=change,
        source=f"user {user_id}, account",
        is_known=True,
    )


def sign_in_refused(setting: str, address: str, reason: str, user: str = "") -> Deed:
    """A sign-in proved nothing. ``reason`` names the check that failed, and holds no part of what
    was sent; ``user`` is the name that was claimed, if there was one.
    """
    return Deed(
        operation=SIGN_IN,
        target=address or UNIX,
        user_id=shortened(one_line(user), _NAME),
        status=FAILED,
        detail=f"by {setting}: {reason}",
        source=f"{network_of(address)}, sign-in refused",
    )


def signed_out(identity: Identity, address: str) -> Deed:
    """A user ended their session."""
    return Deed(
        operation=SIGN_OUT,
        target=address or UNIX,
        user_id=identity.user_id,
        detail=_with_proof("", identity),
        source=f"user {identity.user_id}, sign-out",
        is_known=True,
    )


def session_ended(user_id: str, session_id: str, reason: str) -> Deed:
    """The server ended a session: its user or provider changed, a limit came, or it was revoked."""
    return Deed(
        operation=END_SESSION,
        target=session_id,
        user_id=user_id,
        detail=reason,
        source=f"user {user_id}, sessions",
        is_known=True,
    )


def access_denied(
    identity: Identity,
    permission: str,
    target: str,
    *,
    address: str,
    app_id: str = "",
    why: str = "",
) -> Deed:
    """An identified user, or nobody, was refused what they asked for."""
    nobody = identity.is_anonymous
    return Deed(
        operation=ACCESS_DENIED,
        target=target,
        user_id=identity.user_id,
        app_id=app_id,
        status=FAILED,
        detail=_with_proof("; ".join(filter(None, (permission, why))), identity),
        source=f"{network_of(address) if nobody else f'user {identity.user_id}'}, denied",
        is_known=not nobody,
    )


def proof_of(identity: Identity) -> str:
    """Return the token or session that proved a user, for the detail of what they did, or who
    acted as them.
    """
    if identity.actor:
        return f"{identity.actor} acts as this user"
    if identity.token_id:
        return f"token {identity.token_id}"
    return f"session {identity.session_id}" if identity.session_id else ""


def _with_proof(detail: str, identity: Identity) -> str:
    return "; ".join(filter(None, (detail, proof_of(identity))))
