"""Ids of users, checked where an operator writes one."""

from __future__ import annotations

from clace.errors import BadRequest
from clace.identity.certificates import is_certificate_setting
from clace.interfaces import BUILTIN, IAppAuthentication
from clace.near import nearest


def check_user(auth: IAppAuthentication, user_id: str) -> None:
    """Check that somebody who signs in may have this id.

    :raises BadRequest: if no way to sign in gives ids like it.
    """
    kind, colon, name = user_id.partition(":")
    named = [way.name for way in auth.all_ways() if way.provider or way.name == BUILTIN]
    if name and kind in named and user_id.isprintable():
        return
    if is_certificate_setting(user_id):
        # The id of those who have a certificate is the setting that asks for it.
        auth.check(user_id)
        return
    if not colon:
        # Who writes a bare name means a user of this server.
        kind, name = BUILTIN, user_id
    near = nearest(kind, named) if name else []
    hint = f"; did you mean {near[0]}:{name}?" if near else ""
    ids = ", ".join(("the administrator's", *(f"{each}:NAME" for each in named)))
    raise BadRequest(f"no user has the id {user_id!r:.99}{hint}; expected one of {ids}")
