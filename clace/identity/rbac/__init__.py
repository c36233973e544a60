"""Roles and grants: the engine that decides, and the authorisation that asks it."""

from typing import TYPE_CHECKING

from clace.faces import face

if TYPE_CHECKING:
    from clace.identity.rbac.authorisation import Authorisation as Authorisation
    from clace.identity.rbac.decisions import Question as Question, decide as decide
    from clace.identity.rbac.holders import holders as holders
else:
    __getattr__ = face(
        __name__,
        authorisation=("Authorisation",),
        decisions=("Question", "decide"),
        holders=("holders",),
    )
