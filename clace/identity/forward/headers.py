"""Headers on their way to a forward-auth server, and back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from clace.header_names import is_claim
from clace.interfaces import ForwardQuestion, HeaderPairs

# Of the connection (RFC 9110, 7.6.1), or of a body that is not sent along.
OF_CONNECTION = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Servers that put headers into variables cannot tell X_Forwarded_User from X-Forwarded-User.
_NEITHER = re.compile(r"[^a-z0-9]")
# Made anew for each answer.
_OF_SERVER = frozenset({"date", "server"})


def asked_with(question: ForwardQuestion, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the headers of the question: all of the client's, or those called ``wanted``, and what
    this server knows. ``host`` among the wanted ones asks in the name that the client used.
    """
    named = _named_by_connection(question.headers)
    for name, value in question.headers:
        lower = name.lower()
        if lower in OF_CONNECTION or lower in named or is_claim(_NEITHER.sub("-", lower)):
            continue
        if not wanted or lower in wanted:
            yield name, value
    if "host" in wanted:
        yield "Host", question.authority
    yield from _known(question)


def _named_by_connection(headers: HeaderPairs) -> frozenset[str]:
    said = ",".join(value for name, value in headers if name.lower() == "connection")
    return frozenset(token.strip().lower() for token in said.split(","))


def _known(question: ForwardQuestion) -> Iterator[tuple[str, str]]:
    identity = question.identity
    known = (
        ("X-Forwarded-Method", question.method),
        ("X-Forwarded-Proto", question.scheme),
        ("X-Forwarded-Host", question.authority),
        ("X-Forwarded-Uri", question.target),
        ("X-Forwarded-For", question.address),
        ("X-Real-IP", question.address),
        ("X-Clace-User", identity.user_id),
        ("X-Clace-User-Stripped", identity.user_id.partition(":")[2] or identity.user_id),
        ("X-Clace-User-Id", identity.subject),
        ("X-Clace-User-Email", identity.email),
    )
    return ((name, value) for name, value in known if value)


class HeaderCopies:
    """The rules ``Source`` or ``Source>Target`` of an entry."""

    def __init__(self, rules: Iterable[str]) -> None:
        pairs = [rule.partition(">")[::2] for rule in rules]
        self._rules = [(source.lower(), target or source) for source, target in pairs]
        self.targets = frozenset(target.lower() for _, target in self._rules)

    def of(self, answered: HeaderPairs) -> HeaderPairs:
        """Return the headers for the app's request."""
        return tuple(
            (target, value)
            for source, target in self._rules
            for name, value in answered
            if name.lower() == source and value.isprintable()
        )


def passed_back(answered: HeaderPairs) -> HeaderPairs:
    """Return the headers of a refusal as the client gets them."""
    named = _named_by_connection(answered)
    dropped = OF_CONNECTION | _OF_SERVER | named
    return tuple((name, value) for name, value in answered if name.lower() not in dropped)
