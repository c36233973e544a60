"""Roles and grants: the engine that decides, and the authorisation that asks it."""

from clace.identity.rbac.authorisation import Authorisation
from clace.identity.rbac.decisions import Question, decide
from clace.identity.rbac.holders import holders

__all__ = ["Authorisation", "Question", "decide", "holders"]
