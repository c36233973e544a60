"""What an app may say before its answer's body, whoever speaks for it."""

from __future__ import annotations

import re

from clace.wire import BadFrame, Head

_STATUSES = range(200, 600)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
# Only the server says where an answer ends and how a connection goes on.
_FRAMING = {
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
# These speak for all apps of the domain, some for long after this one has been ended.
_OF_THE_DOMAIN = {
    "alt-svc",
    "clear-site-data",
    "service-worker-allowed",
    "set-cookie",
    "strict-transport-security",
    "www-authenticate",
}
_RESERVED = _FRAMING | _OF_THE_DOMAIN


def check_head(head: Head) -> None:
    """:raises BadFrame: no honest host says this."""
    if head.status not in _STATUSES:
        raise BadFrame(f"a status of {head.status}")
    for name, value in head.headers:
        if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
            raise BadFrame(f"the header {name[:200]!r} is not for an app to send")
        if not value.isprintable():
            raise BadFrame(f"the header {name} has a character that is not allowed")
