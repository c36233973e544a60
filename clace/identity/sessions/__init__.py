"""Sessions of browsers: kept in the database, found in memory."""

from clace.identity.sessions.authenticator import BrowserSignIn, SignInRules
from clace.identity.sessions.sessions import SessionLimits, Sessions

__all__ = ["BrowserSignIn", "SessionLimits", "Sessions", "SignInRules"]
