"""Refusals of a provider's answers: a reason for the audit log, and few words for the visitor."""

from __future__ import annotations

from clace.errors import SignInRefused

MESSAGE = "The answer of the sign-in provider could not be accepted. Try to sign in again."


def refused(reason: str) -> SignInRefused:
    """A refusal with the reason for the audit log; it holds no value of a token."""
    return SignInRefused(MESSAGE, reason)
