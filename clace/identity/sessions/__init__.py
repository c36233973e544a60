"""Sessions of browsers: kept in the database, found in memory."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.sessions.authenticator import (
        BrowserSignIn as BrowserSignIn,
        SignInRules as SignInRules,
    )
    from clace.identity.sessions.rechecks import SessionRechecks as SessionRechecks
    from clace.identity.sessions.sessions import (
        SIGNED_OUT as SIGNED_OUT,
        SessionLimits as SessionLimits,
        Sessions as Sessions,
    )
else:
    __getattr__ = face(
        __name__,
        authenticator=("BrowserSignIn", "SignInRules"),
        rechecks=("SessionRechecks",),
        sessions=("SIGNED_OUT", "SessionLimits", "Sessions"),
    )
