"""Sign-in by OAuth 2 and OpenID Connect: the providers of ``[auth.NAME]``."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.oauth.opening import open_oauth as open_oauth
else:
    __getattr__ = face(
        __name__,
        opening=("open_oauth",),
    )
